"""Embeddings in OpenAI's form, which most providers took over; the names that differ are options.

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
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, merge_extensions, quirks_reader, read_input_usage
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse, Vector

__all__ = ["OPERATION", "Options"]

# How the numbers of a vector in base64 are packed: little-endian floats, or signed bytes at Perplexity.
_PACKED = {"base64_int8": "b"}
_FLOATS = "f"


@attrs.frozen(kw_only=True)
class Options:
    """What differs between the providers.

    Args:
        encoding: The `encoding_format` to ask for; "" sends none.
        dimensions: The name of the field for the vectors' length; "" where it cannot be chosen.
        task: The name of the field for what the vectors are for; "" where there is none.
        tasks: Our words for it, each with the provider's.
        user: Whether an id of the end user is taken.
        send: Fields that are always sent.
    """

    encoding: str = "float"
    dimensions: str = "dimensions"
    task: str = ""
    tasks: Mapping[str, str] = attrs.field(factory=dict)
    user: bool = True
    send: Mapping[str, Any] = attrs.field(factory=dict)


def _encode(request: EmbeddingRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    options: Options = context.quirks
    body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
    if options.encoding:
        body["encoding_format"] = options.encoding
    if request.dimensions is not None:
        if options.dimensions:
            body[options.dimensions] = request.dimensions
        else:
            refuse("dimensions", "the length of its vectors cannot be chosen")
    if request.task is not None:
        if options.task and request.task in options.tasks:
            body[options.task] = options.tasks[request.task]
        else:
            refuse("task", f"it has no word for {request.task!r}")
    if request.user is not None:
        if options.user:
            body["user"] = request.user
        else:
            refuse("user", "there is no field for it")
    return merge_extensions({**body, **options.send}, request.extensions)


def _decode(payload: Any, context: Context) -> EmbeddingResponse:
    packed = _PACKED.get(context.quirks.encoding, _FLOATS)
    rows = first_list(payload, context, "data")
    return EmbeddingResponse(
        vectors=tuple([_vector(row["embedding"], packed) for row in _in_order(rows)]),
        model=payload.get("model") or None,
        provider=context.provider,
        usage=read_input_usage(payload.get("usage")),
        raw=payload,
    )


def _in_order(rows: list[Any]) -> list[Any]:
    """Return the rows in the order of the inputs; some servers send them as they are done, some without numbers."""
    places = [row.get("index") for row in rows]
    if len(rows) == 1 or all(place is None for place in places):
        return rows
    if sorted(places) != list(range(len(rows))):
        raise InvalidResponseError(
            f"the vectors are numbered {places[:10]}, which tells not whose they are", code="malformed_answer"
        )
    return sorted(rows, key=lambda row: int(row["index"]))


def _vector(numbers: Any, packed: str) -> Vector:
    if isinstance(numbers, str):
        numbers = array(packed, base64.b64decode(numbers, validate=True))
        if sys.byteorder == "big":  # pragma: no cover - no such machine runs the tests
            numbers.byteswap()
    if not isinstance(numbers, list | array) or not numbers:
        raise InvalidResponseError("a vector is not a list of numbers", code="malformed_answer")
    return tuple(map(float, numbers))


OPERATION = OperationFormat(quirks=quirks_reader(Options, "embed format openai"), encode=_encode, decode=_decode)
