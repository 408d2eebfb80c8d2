"""Amazon Titan's embeddings on Amazon Bedrock, one text for each request.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_int, first_list, merge_extensions, quirks_reader
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.usage import Usage

__all__ = ["OPERATION", "Options"]


@attrs.frozen(kw_only=True)
class Options:
    """There is nothing to set."""


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - needs no switch
    if len(request.inputs) > 1:
        raise InvalidRequestError(f"one text goes into a request here, not {len(request.inputs)}")
    if request.task is not None:
        refuse("task", "the model makes one kind of vector for everything")
    if request.user is not None:
        refuse("user", "there is no field for it")
    body: dict[str, Any] = {"inputText": request.inputs[0]}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return merge_extensions(body, request.extensions)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    vector = tuple(map(float, first_list(payload, context, "embedding")))
    read = first_int(payload.get("inputTextTokenCount"))
    return EmbeddingResponse(
        vectors=(vector,),
        provider=context.provider,
        usage=Usage(prompt_tokens=read, total_tokens=read) if read is not None else None,
        raw=payload,
    )


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format bedrock_titan"), encode=_encode, decode=_decode)
