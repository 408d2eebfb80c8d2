"""Replicate's predictions: each model has its own inputs, and the answer is polled until it is complete.

A conversation becomes one prompt, since most models do not accept messages. Sources:
https://replicate.com/docs/reference/http, https://replicate.com/docs/reference/streaming, replicate 1.0.7
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.replicate.decode import decode, next_request
from ai_lib.providers.dialects.replicate.encode import encode, headers
from ai_lib.providers.dialects.replicate.models import decode_models
from ai_lib.providers.dialects.replicate.quirks import quirks_from
from ai_lib.providers.dialects.replicate.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect(
    "replicate",
    quirks_from,
    encode,
    decode,
    decode_stream,
    decode_models,
    framing="sse_named",
    headers=headers,
    next_request=next_request,
)
