"""Embeddings of Vertex AI, through its general `predict`.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.embed.gemini import TASKS
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, merge_extensions, quirks_reader, read_int
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.usage import Usage

__all__ = ["OPERATION"]


@attrs.frozen(kw_only=True)
class Options:
    """There is nothing to choose."""


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - one signature for all
    task = {"task_type": TASKS[request.task]} if request.task is not None else {}
    body: dict[str, Any] = {"instances": [{"content": text, **task} for text in request.inputs]}
    if request.dimensions is not None:
        body["parameters"] = {"outputDimensionality": request.dimensions}
    if request.user is not None:
        refuse("user", "there is no field for it")
    return merge_extensions(body, request.extensions)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    found = [row["embeddings"] for row in first_list(payload, context, "predictions")]
    counts = [read_int((one.get("statistics") or {}).get("token_count")) for one in found]
    told = [number for number in counts if number is not None]
    return EmbeddingResponse(
        vectors=tuple([_vector(one) for one in found]),
        provider=context.provider,
        usage=Usage(prompt_tokens=sum(told), total_tokens=sum(told)) if told else None,
        raw=payload,
    )


def _vector(found: Any) -> tuple[float, ...]:
    numbers = found.get("values")
    if not isinstance(numbers, list) or not numbers:
        raise InvalidResponseError("a vector is not a list of numbers", code="malformed_answer")
    return tuple(map(float, numbers))


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format vertex"), encode=_encode, decode=_decode)
