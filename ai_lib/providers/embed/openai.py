"""Embeddings in OpenAI's format, which most providers adopted; the field names that differ are options.

Sources: https://platform.openai.com/docs/api-reference/embeddings/create,
https://docs.voyageai.com/reference/embeddings-api, https://api.jina.ai/redoc,
https://docs.perplexity.ai/api-reference/embeddings-post, https://docs.mistral.ai/api/endpoint/embeddings
"""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage, read_vector
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse

__all__ = ["Options", "decode", "encode"]

# The type codes of vectors in base64: little-endian floats, or signed bytes at Perplexity.
_TYPE_CODES = {"base64_int8": "b"}
_FLOAT = "f"


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        encoding: The `encoding_format` to request; "" sends none.
        dimensions: The name of the field for the vectors' length; "" where it cannot be chosen.
        task: The name of the field for the task; "" where there is none.
        tasks: The provider's name for each task.
        user: Whether the provider accepts an id of the end user.
        send: Fields that are always sent.
    """

    encoding: str = "float"
    dimensions: str = "dimensions"
    task: str = ""
    tasks: Mapping[str, str] = attrs.field(factory=dict)
    user: bool = True
    send: Mapping[str, Any] = attrs.field(factory=dict)


def encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    options: Options = context.quirks
    body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
    if options.encoding:
        body["encoding_format"] = options.encoding
    if request.dimensions is not None:
        if options.dimensions:
            body[options.dimensions] = request.dimensions
        else:
            refuse("dimensions", "the length of the vectors cannot be chosen")
    if request.task is not None:
        if options.task and request.task in options.tasks:
            body[options.task] = options.tasks[request.task]
        else:
            refuse("task", f"the API has no equivalent for {request.task!r}")
    if request.user is not None:
        if options.user:
            body["user"] = request.user
        else:
            refuse("user", "the API has no field for it")
    return merge_extensions({**body, **options.send}, request.extensions)


def decode(payload: Any, context: Context) -> EmbeddingResponse:
    """Return the vectors of an answer, in the order of the inputs."""
    type_code = _TYPE_CODES.get(context.quirks.encoding, _FLOAT)
    rows = first_list(payload, context, "data")
    # Some servers send the rows in the order in which they finish, some without an index.
    places = [row.get("index") for row in rows]
    if len(rows) > 1 and any(place is not None for place in places):
        if sorted(places) != list(range(len(rows))):
            raise InvalidResponseError(
                f"the vectors have the indexes {places[:10]}, so they cannot be matched to the inputs",
                code="malformed_answer",
            )
        rows = sorted(rows, key=lambda row: int(row["index"]))
    vectors = []
    for row in rows:
        numbers = row["embedding"]
        if isinstance(numbers, str):
            numbers = array(type_code, base64.b64decode(numbers, validate=True))
            if sys.byteorder == "big":  # pragma: no cover - no such machine runs the tests
                numbers.byteswap()
            numbers = numbers.tolist()
        vectors.append(read_vector(numbers))
    return EmbeddingResponse(
        vectors=tuple(vectors),
        model=payload.get("model") or None,
        provider=context.provider,
        usage=read_input_usage(payload.get("usage")),
        raw=payload,
    )
