"""Cohere's embedding models on Amazon Bedrock: Cohere's fields, except the model, which is part of the URL.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.embed.cohere import Options, read_vectors
from ai_lib.providers.embed.cohere import encode_body as encode
from ai_lib.types.embedding import EmbeddingResponse

__all__ = ["Options", "decode", "encode"]


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer; the number of tokens is only in a header."""
    return EmbeddingResponse(vectors=read_vectors(payload, context), provider=context.provider, raw=payload)
