"""Amazon Titan's embeddings on Amazon Bedrock: one text per request.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import NoOptions as Options
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode"]


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - no options
    """Return the body for a request."""
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
    """Return the vector of an answer."""
    vector = read_vector(first_list(payload, context, "embedding"))
    return EmbeddingResponse(
        vectors=(vector,),
        provider=context.provider,
        usage=read_input_usage({"prompt_tokens": payload.get("inputTextTokenCount")}),
        raw=payload,
    )
