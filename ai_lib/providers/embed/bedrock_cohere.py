"""Cohere's embedding models on Amazon Bedrock: Cohere's fields, without the model, which stands in the address.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.embed.cohere import OPERATION as COHERE
from ai_lib.providers.embed.cohere import encode_body, read_vectors
from ai_lib.providers.operation import OperationFormat
from ai_lib.types.embedding import EmbeddingResponse

__all__ = ["OPERATION"]


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    # The number of tokens is in a header only.
    return EmbeddingResponse(vectors=read_vectors(payload, context), provider=context.provider, raw=payload)


OPERATION = OperationFormat(quirks=COHERE.quirks, encode=encode_body, decode=_decode)
