"""Cohere's chat API, version 2.

Source: https://docs.cohere.com/reference/chat, and the types of Cohere's own Python package (cohere 7.3.1).
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.cohere_v2.decode import decode
from ai_lib.providers.dialects.cohere_v2.encode import encode
from ai_lib.providers.dialects.cohere_v2.models import decode_models, next_page
from ai_lib.providers.dialects.cohere_v2.quirks import quirks_from
from ai_lib.providers.dialects.cohere_v2.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("cohere_v2", quirks_from, encode, decode, decode_stream, decode_models, next_page=next_page)
