"""Embeddings from an Ollama server: POST /api/embed.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, merge_extensions, quirks_reader, read_int
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse, Vector
from ai_lib.types.usage import Usage

__all__ = ["OPERATION", "Options"]


@attrs.frozen(kw_only=True)
class Options:
    """What differs between servers.

    Args:
        truncate: Whether a text that is too long for the model is cut without a word, instead of being an error.
    """

    truncate: bool = False


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    options: Options = context.quirks
    body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.task is not None:
        refuse("task", "put the prefix that the model wants into the texts")
    if request.user is not None:
        refuse("user", "there is no field for it")
    if "truncate" not in request.extensions:
        body["truncate"] = options.truncate
    return merge_extensions(body, request.extensions)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    read = read_int(payload.get("prompt_eval_count")) if isinstance(payload, dict) else None
    vectors = tuple([_vector(numbers) for numbers in first_list(payload, context, "embeddings")])
    return EmbeddingResponse(
        vectors=vectors,
        model=payload.get("model") or None,
        provider=context.provider,
        usage=None if read is None else Usage(prompt_tokens=read, total_tokens=read),
        raw=payload,
    )


def _vector(numbers: Any) -> Vector:
    if not isinstance(numbers, list) or not numbers:
        raise InvalidResponseError("a vector is not a list of numbers", code="malformed_answer")
    return tuple(map(float, numbers))


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format ollama"), encode=_encode, decode=_decode)
