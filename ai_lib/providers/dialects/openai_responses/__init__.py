"""OpenAI's Responses API, as spoken by OpenAI and by compatible services.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.openai_responses.decode import decode
from ai_lib.providers.dialects.openai_responses.encode import encode
from ai_lib.providers.dialects.openai_responses.models import decode_models
from ai_lib.providers.dialects.openai_responses.quirks import quirks_from
from ai_lib.providers.dialects.openai_responses.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("openai_responses", quirks_from, encode, decode, decode_stream, decode_models)
