"""Embeddings on Amazon Bedrock, where each vendor's models have their own format: Cohere's, and Titan's for the rest.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.embed.cohere import Options, encode_body, read_vectors
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode"]


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request: Cohere's fields, or Titan's, which embeds one text per request."""
    if fnmatchcase(request.model or "", "*cohere.*"):
        return encode_body(request, context, refuse)
    if len(request.inputs) > 1:
        raise InvalidRequestError(f"Titan embeds one text per request, got {len(request.inputs)}")
    if request.task is not None:
        refuse("task", "the model makes the same vectors for every purpose")
    if request.user is not None:
        refuse("user", "the API has no field for it")
    body: dict[str, Any] = {"inputText": request.inputs[0]}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return merge_extensions(body, request.extensions)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer; the number of Cohere's tokens is only in a header."""
    if isinstance(payload, Mapping) and "embeddings" in payload:  # Titan sends one vector, under another name
        return EmbeddingResponse(vectors=read_vectors(payload, context), provider=context.provider, raw=payload)
    vector = read_vector(first_list(payload, context, "embedding"))
    return EmbeddingResponse(
        vectors=(vector,),
        provider=context.provider,
        usage=read_input_usage({"prompt_tokens": payload.get("inputTextTokenCount")}),
        raw=payload,
    )
