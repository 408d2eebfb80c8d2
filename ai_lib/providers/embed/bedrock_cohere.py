"""Cohere's embedding models on Amazon Bedrock: Cohere's fields, without the model, which stands in the address.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.embed.cohere import OPERATION as COHERE
from ai_lib.providers.embed.cohere import body_of, vectors_in
from ai_lib.providers.operation import Operation
from ai_lib.types.embedding import EmbeddingResponse

__all__ = ["OPERATION"]


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    # The number of tokens is in a header only.
    return EmbeddingResponse(vectors=vectors_in(payload, context), provider=context.provider, raw=payload)


OPERATION = Operation(quirks=COHERE.quirks, encode=body_of, decode=_decode)
