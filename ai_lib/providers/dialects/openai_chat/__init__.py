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

DIALECT = Dialect(
    name="openai_chat",
    framing="sse",
    quirks=quirks_from,
    encode=encode,
    decode=decode,
    decode_stream=decode_stream,
    decode_models=decode_models,
)
