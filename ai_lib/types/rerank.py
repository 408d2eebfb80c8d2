"""Documents ranked by how well they answer a query: what is asked and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.usage import Usage

__all__ = ["RerankRequest", "RerankResponse", "RerankResult"]


def _texts(documents: Iterable[str]) -> tuple[str, ...]:
    if isinstance(documents, str) or not isinstance(documents, Iterable):
        raise InvalidRequestError(f"documents must be several texts, not {type(documents).__name__}")
    return tuple(documents)


@attrs.frozen(kw_only=True)
class RerankRequest:
    """Documents to rank.

    Args:
        model: The model; None means the provider's default.
        query: What is looked for.
        documents: The texts to rank.
        top_n: Number of results to return; None means all.
        extensions: Further fields of the provider's own, put into the body as they are.
    """

    model: str | None = None
    query: str
    documents: tuple[str, ...] = attrs.field(converter=_texts)
    top_n: int | None = None
    extensions: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.query, str) or not self.query:
            raise InvalidRequestError(f"query must be a text and not empty, got {self.query!r:.80}")
        if not self.documents:
            raise InvalidRequestError("documents is empty: give at least one text")
        for number, text in enumerate(self.documents):
            if not isinstance(text, str) or not text:
                raise InvalidRequestError(f"documents[{number}] must be a text and not empty, got {text!r:.80}")
        whole = isinstance(self.top_n, int) and not isinstance(self.top_n, bool)
        if self.top_n is not None and (not whole or self.top_n < 1):
            raise InvalidRequestError(f"top_n must be a whole number from 1, got {self.top_n!r}")


@attrs.frozen
class RerankResult:
    """How well one document answers the query.

    Args:
        index: The document's place among those that were sent, from 0.
        score: Higher is better; the scale is the model's own.
    """

    index: int
    score: float


@attrs.frozen(kw_only=True)
class RerankResponse:
    """The ranking.

    Args:
        results: One for each document, or the best `top_n`, in the provider's order: best first.
        model: The model that ranked, as the provider names it.
        provider: The provider's id.
        usage: The tokens read; None where the provider does not tell.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it.
        adjustments: What was left out of the request because the provider has no form for it.
    """

    results: tuple[RerankResult, ...]
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
    adjustments: tuple[str, ...] = ()
