"""Texts as vectors: what is asked and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.usage import Usage

__all__ = ["EmbeddingRequest", "EmbeddingResponse", "EmbeddingTask", "Vector"]

EmbeddingTask: TypeAlias = Literal["query", "document", "similarity", "classification", "clustering"]
"""What the vectors are for: a search's query, a searched document, comparing, sorting into classes or groups."""

Vector: TypeAlias = tuple[float, ...]

_TASKS = ("query", "document", "similarity", "classification", "clustering")


def _texts(inputs: str | Iterable[str]) -> tuple[str, ...]:
    if not isinstance(inputs, Iterable):
        raise InvalidRequestError(f"inputs must be a text or texts, not {type(inputs).__name__}")
    return (inputs,) if isinstance(inputs, str) else tuple(inputs)


@attrs.frozen(kw_only=True)
class EmbeddingRequest:
    """Texts to turn into vectors.

    Args:
        model: The model; None means the provider's default.
        inputs: A text, or several.
        dimensions: Length of the vectors, where the model can shorten them.
        task: What the vectors are for, where the model cares.
        user: An id of the end user, for abuse detection.
        extensions: Further fields of the provider's own, put into the body as they are.
    """

    model: str | None = None
    inputs: tuple[str, ...] = attrs.field(converter=_texts)
    dimensions: int | None = None
    task: EmbeddingTask | None = None
    user: str | None = None
    extensions: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not self.inputs:
            raise InvalidRequestError("inputs is empty: give at least one text")
        for number, text in enumerate(self.inputs):
            if not isinstance(text, str) or not text:
                raise InvalidRequestError(f"inputs[{number}] must be a text and not empty, got {text!r:.80}")
        whole = isinstance(self.dimensions, int) and not isinstance(self.dimensions, bool)
        if self.dimensions is not None and (not whole or self.dimensions < 1):
            raise InvalidRequestError(f"dimensions must be a whole number from 1, got {self.dimensions!r}")
        if self.task is not None and self.task not in _TASKS:
            raise InvalidRequestError(f"task must be one of {', '.join(_TASKS)}, got {self.task!r}")


@attrs.frozen(kw_only=True)
class EmbeddingResponse:
    """The vectors, one for each input and in the inputs' order.

    Args:
        vectors: The vectors.
        model: The model that made them, as the provider names it.
        provider: The provider's id.
        usage: The tokens read; None where the provider does not tell.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it; a list of several where the inputs were sent in several requests.
        adjustments: What was left out of the request because the provider has no form for it.
        cost: US dollars; None where the tokens or their price are not known.
    """

    vectors: tuple[Vector, ...] = attrs.field(
        repr=lambda vectors: f"<{len(vectors)} of {len(vectors[0]) if vectors else 0} numbers>"
    )
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
    adjustments: tuple[str, ...] = ()
    cost: Decimal | None = None
