"""Embeddings on Amazon Bedrock, where each maker's models have a form of their own.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.embed.bedrock_cohere import OPERATION as COHERE
from ai_lib.providers.embed.bedrock_titan import OPERATION as TITAN
from ai_lib.providers.operation import Content, OperationFormat
from ai_lib.providers.reading import match_model
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["OPERATION"]

_MAKERS = {"*cohere.*": COHERE, "*": TITAN}


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any] | Content:
    return (match_model(_MAKERS, request.model) or TITAN).encode(request, context, refuse)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    several = isinstance(payload, Mapping) and "embeddings" in payload
    answer: EmbeddingResponse = (COHERE if several else TITAN).decode(payload, context)
    return answer


OPERATION = OperationFormat(quirks=COHERE.quirks, encode=_encode, decode=_decode)
