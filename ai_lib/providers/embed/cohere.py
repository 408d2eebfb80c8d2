"""Cohere's embeddings.

Source: https://docs.cohere.com/reference/embed
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, merge_extensions, quirks_reader, read_input_usage
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["OPERATION", "TASKS", "Options", "encode_body", "read_vectors"]

TASKS = {
    "query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
"""Our words for what vectors are for, each with Cohere's."""


@attrs.frozen(kw_only=True)
class Options:
    """What may be set.

    Args:
        input_type: What vectors are for when the request does not say; the service must be told.
    """

    input_type: str = "search_document"


def encode_body(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request, but for the model.

    Args:
        request: What is asked.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    task = TASKS.get(request.task or "")
    if request.task is not None and task is None:
        refuse("task", f"it has no word for {request.task!r}")
    if request.user is not None:
        refuse("user", "there is no field for it")
    body: dict[str, Any] = {
        "texts": list(request.inputs),
        "input_type": task or context.quirks.input_type,
        "embedding_types": ["float"],
    }
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return merge_extensions(body, request.extensions)


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    return {"model": request.model, **encode_body(request, context, refuse)}


def read_vectors(payload: Any, context: Context) -> tuple[tuple[float, ...], ...]:
    """Return the vectors of an answer: a list, or an object with a list for each kind of number.

    Raises:
        InvalidResponseError: There are none.
    """
    by_type = payload.get("embeddings")
    rows = (
        first_list(by_type, context, "float")
        if isinstance(by_type, dict)
        else first_list(payload, context, "embeddings")
    )
    return tuple([tuple(map(float, row)) for row in rows])


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    return EmbeddingResponse(
        vectors=read_vectors(payload, context),
        provider=context.provider,
        usage=read_input_usage((payload.get("meta") or {}).get("billed_units")),
        raw=payload,
    )


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format cohere"), encode=_encode, decode=_decode)
