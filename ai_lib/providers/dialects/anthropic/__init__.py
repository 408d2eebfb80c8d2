"""Anthropic's Messages API, as spoken by Anthropic, by the clouds that resell it, and by compatible services.

Source: https://platform.claude.com/docs/en/api/messages/create
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.anthropic.decode import decode
from ai_lib.providers.dialects.anthropic.encode import encode, headers
from ai_lib.providers.dialects.anthropic.models import decode_models, next_page
from ai_lib.providers.dialects.anthropic.quirks import quirks_from
from ai_lib.providers.dialects.anthropic.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect(
    "anthropic", quirks_from, encode, decode, decode_stream, decode_models, headers=headers, next_page=next_page
)
