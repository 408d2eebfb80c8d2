"""OpenAI chat completions, as spoken by OpenAI and by dozens of compatible services.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.openai_chat.decode import decode
from ai_lib.providers.dialects.openai_chat.encode import encode
from ai_lib.providers.dialects.openai_chat.models import decode_models
from ai_lib.providers.dialects.openai_chat.quirks import quirks_from
from ai_lib.providers.dialects.openai_chat.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("openai_chat", quirks_from, encode, decode, decode_stream, decode_models)
