"""Embeddings of the Gemini API.

Source: https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, match_model, merge_extensions, read_input_usage, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse, EmbeddingTask

__all__ = ["TASKS", "Options", "decode", "encode"]

TASKS: dict[EmbeddingTask, str] = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "similarity": "SEMANTIC_SIMILARITY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
"""Google's name for each task."""


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        tasks: Whether a model has a field for the task, by pattern of its name; newer ones read it in the text.
    """

    tasks: Mapping[str, bool] = attrs.field(factory=lambda: {"*gemini-embedding-2*": False, "*": True})


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request: one inner request per text."""
    options: Options = context.quirks
    model = request.model or ""
    common: dict[str, Any] = {"model": model if "/" in model else f"models/{model}"}
    if request.task is not None:
        if match_model(options.tasks, model):
            common["taskType"] = TASKS[request.task]
        else:
            refuse("task", "the model has no field for it; put the purpose into the text")
    if request.dimensions is not None:
        common["outputDimensionality"] = request.dimensions
    if request.user is not None:
        refuse("user", "the API has no field for it")
    requests = [{**common, "content": {"parts": [{"text": text}]}} for text in request.inputs]
    return merge_extensions({"requests": requests}, request.extensions)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer."""
    vectors = tuple([read_vector(row.get("values")) for row in first_list(payload, context, "embeddings")])
    usage = payload.get("usageMetadata")
    tokens = usage.get("promptTokenCount") if isinstance(usage, Mapping) else None
    return EmbeddingResponse(
        vectors=vectors, provider=context.provider, usage=read_input_usage({"prompt_tokens": tokens}), raw=payload
    )
