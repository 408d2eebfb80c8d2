"""Embeddings at Cohere.

Source: https://docs.cohere.com/reference/embed
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode", "encode_body", "read_vectors"]

_TASKS = {
    "query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        input_type: The purpose to send when a request names no task; the service requires one.
    """

    input_type: str = "search_document"


def encode_body(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request without the model, which Bedrock puts into the URL."""
    task = _TASKS.get(request.task or "")
    if request.task is not None and task is None:
        refuse("task", f"the API has no equivalent for {request.task!r}")
    if request.user is not None:
        refuse("user", "the API has no field for it")
    body: dict[str, Any] = {
        "texts": list(request.inputs),
        "input_type": task or context.quirks.input_type,
        "embedding_types": ["float"],
    }
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return merge_extensions(body, request.extensions)


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    return {"model": request.model, **encode_body(request, context, refuse)}


def read_vectors(payload: Any, context: Context) -> tuple[tuple[float, ...], ...]:
    """Return the vectors of an answer, which are in a list, or in an object with a list for each type of number."""
    by_type = payload.get("embeddings")
    names = ("float",) if isinstance(by_type, dict) else ("embeddings",)
    rows = first_list(by_type if isinstance(by_type, dict) else payload, context, *names)
    return tuple([tuple(map(float, row)) for row in rows])


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer."""
    return EmbeddingResponse(
        vectors=read_vectors(payload, context),
        provider=context.provider,
        usage=read_input_usage((payload.get("meta") or {}).get("billed_units")),
        raw=payload,
    )
