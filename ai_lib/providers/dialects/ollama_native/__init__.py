"""Ollama's own API: POST /api/chat, one JSON object a line when streamed.

Sources: https://github.com/ollama/ollama/blob/main/docs/api.md, https://docs.ollama.com/capabilities/thinking,
https://github.com/ollama/ollama/blob/main/api/types.go
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.ollama_native.decode import decode
from ai_lib.providers.dialects.ollama_native.encode import encode
from ai_lib.providers.dialects.ollama_native.models import decode_models
from ai_lib.providers.dialects.ollama_native.quirks import quirks_from
from ai_lib.providers.dialects.ollama_native.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("ollama_native", quirks_from, encode, decode, decode_stream, decode_models, framing="ndjson")
