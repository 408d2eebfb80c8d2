"""What came of many requests: of one, of all, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias, overload

import attrs

from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["BatchItem", "BatchProgress", "BatchResult", "StopReason"]

StopReason: TypeAlias = Literal["max_cost", "total_timeout"]
"""Why the requests that were left were not sent."""


@attrs.frozen(kw_only=True)
class BatchItem:
    """One request and what came of it: a response or an error.

    Args:
        index: Its place among the requests, from 0.
        request: What was asked; None where the request itself was wrong.
        response: The answer.
        error: Why there is none.
        cost: US dollars; None where not known.
        resumed: Whether the answer is from the checkpoint, and nothing was sent.
    """

    index: int
    request: ChatCompletionRequest | None = attrs.field(default=None, repr=False)
    response: ChatCompletionResponse | None = None
    error: Exception | None = None
    cost: Decimal | None = None
    resumed: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.response is not None

    def result(self) -> ChatCompletionResponse:
        """Return the answer, or raise the error."""
        if self.response is not None:
            return self.response
        assert self.error is not None  # noqa: S101 - one of both is there
        raise self.error


@attrs.frozen(kw_only=True)
class BatchProgress:
    """How far a batch is.

    Args:
        done: Requests that are over, failed ones and those from the checkpoint included.
        failed: Of these, those with an error.
        resumed: Of these, those from the checkpoint.
        total: All of them; None where that is not known.
        cost: US dollars so far, of the answers whose cost is known.
        unknown_costs: Answers whose cost is not known.
        tokens: Tokens so far.
        seconds: Since it began.
    """

    done: int = 0
    failed: int = 0
    resumed: int = 0
    total: int | None = None
    cost: Decimal = Decimal()
    unknown_costs: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def after(self, item: BatchItem, seconds: float) -> BatchProgress:
        """Return the state after one more item."""
        answered = item.response is not None
        return attrs.evolve(
            self,
            done=self.done + 1,
            failed=self.failed + (not answered),
            resumed=self.resumed + item.resumed,
            cost=self.cost + (item.cost or 0),
            unknown_costs=self.unknown_costs + (answered and item.cost is None),
            tokens=self.tokens + (item.response.usage.total_tokens if item.response is not None else 0),
            seconds=seconds,
        )


@attrs.frozen(kw_only=True)
class BatchResult(Sequence[BatchItem]):
    """What came of all of them, in the order of the requests.

    Args:
        items: One for each request that was made or resumed.
        progress: The sums.
        stopped: Why requests at the end were not sent; None when all were.
    """

    items: tuple[BatchItem, ...] = attrs.field(repr=lambda items: f"<{len(items)}>")
    progress: BatchProgress
    stopped: StopReason | None = None

    @overload
    def __getitem__(self, index: int) -> BatchItem: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[BatchItem, ...]: ...
    def __getitem__(self, index: int | slice) -> BatchItem | tuple[BatchItem, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[BatchItem]:
        return iter(self.items)

    @property
    def responses(self) -> list[ChatCompletionResponse | None]:
        """The answers, with None for those that failed."""
        return [item.response for item in self.items]

    @property
    def texts(self) -> list[str | None]:
        """The answers' texts, with None for those that failed."""
        return [None if item.response is None else item.response.text for item in self.items]

    @property
    def errors(self) -> dict[int, Exception]:
        """The errors, by the index of the request."""
        return {item.index: item.error for item in self.items if item.error is not None}

    @property
    def succeeded(self) -> list[int]:
        """The indices of the requests with an answer."""
        return [item.index for item in self.items if item.ok]

    @property
    def cost(self) -> Decimal:
        """US dollars, those of an earlier run in the checkpoint included; of the answers whose cost is known."""
        return self.progress.cost

    def raise_for_errors(self) -> None:
        """Raise the first error, where there is one; `errors` has all of them."""
        for error in self.errors.values():
            raise error
