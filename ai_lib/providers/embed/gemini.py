"""Embeddings of the Gemini API.

Source: https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, match_model, merge_extensions, quirks_reader, read_int
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse, EmbeddingTask
from ai_lib.types.usage import Usage

__all__ = ["OPERATION", "Options"]

TASKS: dict[EmbeddingTask, str] = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "similarity": "SEMANTIC_SIMILARITY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}


@attrs.frozen(kw_only=True)
class Options:
    """What differs between models, by pattern.

    Args:
        tasks: Whether the model can be told what the vectors are for; newer ones are told in the text.
    """

    tasks: Mapping[str, bool] = attrs.field(factory=lambda: {"*gemini-embedding-2*": False, "*": True})


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    options: Options = context.quirks
    model = request.model or ""
    common: dict[str, Any] = {"model": model if "/" in model else f"models/{model}"}
    if request.task is not None:
        if match_model(options.tasks, model):
            common["taskType"] = TASKS[request.task]
        else:
            refuse("task", "the model has no field for it: say in the text what it is for")
    if request.dimensions is not None:
        common["outputDimensionality"] = request.dimensions
    if request.user is not None:
        refuse("user", "there is no field for it")
    requests = [{**common, "content": {"parts": [{"text": text}]}} for text in request.inputs]
    return merge_extensions({"requests": requests}, request.extensions)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    rows = first_list(payload, context, "embeddings")
    return EmbeddingResponse(
        vectors=tuple([_vector(row) for row in rows]),
        provider=context.provider,
        usage=_usage(payload.get("usageMetadata")),
        raw=payload,
    )


def _vector(row: Any) -> tuple[float, ...]:
    numbers = row.get("values")
    if not isinstance(numbers, list) or not numbers:
        raise InvalidResponseError("a vector is not a list of numbers", code="malformed_answer")
    return tuple(map(float, numbers))


def _usage(wire: Any) -> Usage | None:
    read = read_int(wire.get("promptTokenCount")) if isinstance(wire, Mapping) else None
    return None if read is None else Usage(prompt_tokens=read, total_tokens=read)


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format gemini"), encode=_encode, decode=_decode)
