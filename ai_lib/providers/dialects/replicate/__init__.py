"""Replicate's predictions: a model is run on inputs of its own, and the answer is asked for until it is there.

A conversation becomes one prompt: most models take no messages. Sources: https://replicate.com/docs/reference/http,
https://replicate.com/docs/reference/streaming, replicate 1.0.7
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.replicate.decode import decode, decode_models, decode_stream, next_request
from ai_lib.providers.dialects.replicate.encode import encode, headers
from ai_lib.providers.dialects.replicate.quirks import quirks_from

__all__ = ["DIALECT"]

DIALECT = Dialect(
    name="replicate",
    framing="sse_named",
    quirks=quirks_from,
    encode=encode,
    decode=decode,
    decode_stream=decode_stream,
    decode_models=decode_models,
    headers=headers,
    next_request=next_request,
)
