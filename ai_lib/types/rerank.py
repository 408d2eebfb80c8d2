"""Reranking: documents ordered by how well they answer a query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.usage import Usage
from ai_lib.types.validators import integer, strings

__all__ = ["RerankRequest", "RerankResponse", "RerankResult"]


def _documents(documents: Iterable[str]) -> tuple[str, ...]:
    if isinstance(documents, str) or not isinstance(documents, Iterable):
        raise InvalidRequestError(f"documents must be a list of strings, not {type(documents).__name__}")
    return tuple(documents)


@attrs.frozen(kw_only=True)
class RerankRequest:
    """A request to rank documents; an invalid field raises `InvalidRequestError`.

    Args:
        model: The model; None means the provider's default.
        query: The query; not empty.
        documents: The documents to rank, at least one and none empty.
        top_n: Number of results to return, a positive integer; None means all.
        extensions: Provider-specific fields, added to the body unchanged.
    """

    model: str | None = None
    query: str
    documents: tuple[str, ...] = attrs.field(converter=_documents, validator=strings)
    top_n: int | None = attrs.field(default=None, validator=integer(1))
    extensions: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.query, str) or not self.query:
            raise InvalidRequestError(f"query must be a non-empty string, got {self.query!r:.80}")


@attrs.frozen
class RerankResult:
    """How well one document answers the query.

    Args:
        index: The index of the document in the request, starting at 0.
        score: Higher is better; the scale depends on the model.
    """

    index: int
    score: float


@attrs.frozen(kw_only=True)
class RerankResponse:
    """The ranking.

    Args:
        results: One for each document, or for the best `top_n`; best first.
        model: The model, as the provider names it.
        provider: The provider's id.
        usage: The tokens; None where the provider returns no count.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it.
        adjustments: What was left out of the request because the provider does not support it.
    """

    results: tuple[RerankResult, ...]
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
    adjustments: tuple[str, ...] = ()
