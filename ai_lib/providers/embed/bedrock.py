"""Embeddings on Amazon Bedrock, where each vendor's models have their own format: Cohere's, and Titan's for the rest.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.embed import bedrock_cohere, bedrock_titan
from ai_lib.providers.embed.cohere import Options
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode"]


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    if fnmatchcase(request.model or "", "*cohere.*"):
        return bedrock_cohere.encode(request, context, refuse)
    return bedrock_titan.encode(request, context, refuse)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer."""
    if isinstance(payload, Mapping) and "embeddings" in payload:  # Titan sends one vector, under another name
        return bedrock_cohere.decode(payload, context)
    return bedrock_titan.decode(payload, context)
