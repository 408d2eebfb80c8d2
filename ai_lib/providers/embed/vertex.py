"""Embeddings of Vertex AI, through its general `predict`.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.embed.gemini import TASKS
from ai_lib.providers.operation import NoOptions as Options
from ai_lib.providers.reading import first_list, merge_extensions, read_int, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.usage import Usage

__all__ = ["Options", "decode", "encode"]


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - no options
    """Return the body for a request."""
    task = {"task_type": TASKS[request.task]} if request.task is not None else {}
    body: dict[str, Any] = {"instances": [{"content": text, **task} for text in request.inputs]}
    if request.dimensions is not None:
        body["parameters"] = {"outputDimensionality": request.dimensions}
    if request.user is not None:
        refuse("user", "the API has no field for it")
    return merge_extensions(body, request.extensions)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer."""
    embeddings = [row["embeddings"] for row in first_list(payload, context, "predictions")]
    counts = [read_int((embedding.get("statistics") or {}).get("token_count")) for embedding in embeddings]
    known = [count for count in counts if count is not None]
    return EmbeddingResponse(
        vectors=tuple([read_vector(embedding.get("values")) for embedding in embeddings]),
        provider=context.provider,
        usage=Usage(prompt_tokens=sum(known), total_tokens=sum(known)) if known else None,
        raw=payload,
    )
