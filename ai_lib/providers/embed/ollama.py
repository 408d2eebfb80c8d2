"""Embeddings from an Ollama server: POST /api/embed.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode"]


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one server.

    Args:
        truncate: Whether the server silently cuts an input that is too long for the model, instead of failing.
    """

    truncate: bool = False


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    options: Options = context.quirks
    body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.task is not None:
        refuse("task", "put the prefix that the model expects into the inputs")
    if request.user is not None:
        refuse("user", "the API has no field for it")
    # Ollama's own default is to truncate: a vector of half a text looks like any other.
    if "truncate" not in request.extensions:
        body["truncate"] = options.truncate
    return merge_extensions(body, request.extensions)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer."""
    vectors = tuple([read_vector(numbers) for numbers in first_list(payload, context, "embeddings")])
    return EmbeddingResponse(
        vectors=vectors,
        model=payload.get("model") or None,
        provider=context.provider,
        usage=read_input_usage({"prompt_tokens": payload.get("prompt_eval_count")}),
        raw=payload,
    )
