"""Embeddings: requests and responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.usage import Usage
from ai_lib.types.validators import integer, strings

__all__ = ["EmbeddingRequest", "EmbeddingResponse", "EmbeddingTask"]

EmbeddingTask: TypeAlias = Literal["query", "document", "similarity", "classification", "clustering"]
"""What the vectors are used for; some models compute different vectors for a query and for a document."""


def _inputs(inputs: str | Iterable[str]) -> tuple[str, ...]:
    if not isinstance(inputs, Iterable):
        raise InvalidRequestError(f"inputs must be a string or strings, not {type(inputs).__name__}")
    return (inputs,) if isinstance(inputs, str) else tuple(inputs)


def _known_task(_: object, __: object, task: object) -> None:
    if task is not None and task not in get_args(EmbeddingTask):
        raise InvalidRequestError(f"task must be one of {', '.join(get_args(EmbeddingTask))}, got {task!r}")


@attrs.frozen(kw_only=True)
class EmbeddingRequest:
    """A request for embeddings; an invalid field raises `InvalidRequestError`.

    Args:
        model: The model; None means the provider's default.
        inputs: A string, or several.
        dimensions: Length of the vectors, a positive integer, for models that can shorten them.
        task: What the vectors are used for, for models that distinguish.
        user: An identifier of the end user, for abuse detection.
        extensions: Provider-specific fields, added to the body unchanged.
    """

    model: str | None = None
    inputs: tuple[str, ...] = attrs.field(converter=_inputs, validator=strings)
    dimensions: int | None = attrs.field(default=None, validator=integer(1))
    task: EmbeddingTask | None = attrs.field(default=None, validator=_known_task)
    user: str | None = None
    extensions: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class EmbeddingResponse:
    """The vectors, one for each input and in the same order.

    Args:
        vectors: The vectors.
        model: The model, as the provider names it.
        provider: The provider's id.
        usage: The tokens; None where the provider returns no count.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it; a list where the inputs were sent in several requests.
        adjustments: What was left out of the request because the provider does not support it.
        cost: The cost in US dollars; None where the tokens or their price are unknown.
    """

    vectors: tuple[tuple[float, ...], ...] = attrs.field(
        repr=lambda vectors: f"<{len(vectors)} of {len(vectors[0]) if vectors else 0} numbers>"
    )
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
    adjustments: tuple[str, ...] = ()
    cost: Decimal | None = None
