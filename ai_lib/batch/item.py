"""Results of a batch: of one request, of all, and the progress."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Generic, Literal, TypeAlias, overload

import attrs

from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, ParsedT_co

__all__ = ["BatchItem", "BatchProgress", "BatchResult", "StopReason"]

StopReason: TypeAlias = Literal["max_cost", "total_timeout"]
"""Why the remaining requests were not sent."""


@attrs.frozen(kw_only=True)
class BatchItem(Generic[ParsedT_co]):
    """One request and its outcome: a response or an error.

    Args:
        index: Its position among the requests, starting with 0.
        request: The request; None if it was invalid.
        response: The response; None if it failed.
        error: Why it failed.
        cost: US dollars; None if it is unknown.
        resumed: Whether the response is from the checkpoint, so that nothing was sent.
    """

    index: int
    request: ChatCompletionRequest | None = attrs.field(default=None, repr=False)
    response: ChatCompletionResponse[ParsedT_co] | None = None
    error: Exception | None = None
    cost: Decimal | None = None
    resumed: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is a response."""
        return self.response is not None

    def result(self) -> ChatCompletionResponse[ParsedT_co]:
        """Return the response, or raise the error."""
        if self.response is not None:
            return self.response
        assert self.error is not None  # noqa: S101 - an item has one or the other
        raise self.error


@attrs.frozen(kw_only=True)
class BatchProgress:
    """The progress of a batch.

    Args:
        done: Finished requests, including failed ones and those from the checkpoint.
        failed: Those with an error.
        resumed: Those from the checkpoint.
        total: All requests; None if their number is unknown.
        cost: US dollars so far, of the responses whose cost is known.
        unknown_costs: Responses whose cost is unknown.
        tokens: Tokens so far.
        seconds: Seconds since the start.
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
        """Return the progress after one more item."""
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
class BatchResult(Sequence[BatchItem[ParsedT_co]]):
    """The results of all requests, in their order.

    Args:
        items: One for each request that was sent or resumed.
        progress: The sums.
        stopped: Why the remaining requests were not sent; None if all were.
    """

    items: tuple[BatchItem[ParsedT_co], ...] = attrs.field(repr=lambda items: f"<{len(items)}>")
    progress: BatchProgress
    stopped: StopReason | None = None

    @overload
    def __getitem__(self, index: int) -> BatchItem[ParsedT_co]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[BatchItem[ParsedT_co], ...]: ...
    def __getitem__(self, index: int | slice) -> BatchItem[ParsedT_co] | tuple[BatchItem[ParsedT_co], ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def responses(self) -> list[ChatCompletionResponse[ParsedT_co] | None]:
        """The responses, with None for failed requests."""
        return [item.response for item in self.items]

    @property
    def texts(self) -> list[str | None]:
        """The text of each response, with None for failed requests."""
        return [None if item.response is None else item.response.text for item in self.items]

    @property
    def errors(self) -> dict[int, Exception]:
        """The errors, by the index of the request."""
        return {item.index: item.error for item in self.items if item.error is not None}

    @property
    def succeeded(self) -> list[int]:
        """The indices of the requests with a response."""
        return [item.index for item in self.items if item.ok]

    @property
    def cost(self) -> Decimal:
        """US dollars of the responses whose cost is known, including those of an earlier run in the checkpoint."""
        return self.progress.cost

    def raise_for_errors(self) -> None:
        """Raise the first error, if there is one; `errors` has all of them."""
        for error in self.errors.values():
            raise error
