"""A client's requests by the thousand: kept in a checkpoint, paid from a limit, run by threads or an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.batch.checkpoint import Checkpoint
from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult, StopReason
from ai_lib.batch.progress import progress_reporter
from ai_lib.batch.run import Start, run
from ai_lib.client.request import check_names, check_several, request_from
from ai_lib.client.workers import Ask, Workers, workers_for
from ai_lib.errors import AiLibError, BudgetExceededError, ConfigurationError, InvalidRequestError
from ai_lib.models.spending import Budget, max_cost_of, may_have_been_billed
from ai_lib.types.price import Cost
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, annotate_in_place

if TYPE_CHECKING:
    from ai_lib.client.client import AiClient

__all__ = ["Batch", "BatchOptions"]


@attrs.frozen(kw_only=True)
class BatchOptions:
    """How a batch runs; see `AiClient.batch`."""

    ask: Ask = attrs.field(factory=Ask)
    max_workers: int = 8
    ordered: bool = True
    fail_fast: bool = False
    max_cost: float | str | Decimal | None = None
    checkpoint: str | Path | None = None
    executor: Executor | None = None
    total_timeout: float | None = None
    progress: bool | Callable[[BatchProgress], None] = False

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.max_workers, int) or isinstance(self.max_workers, bool) or self.max_workers < 1:
            raise ConfigurationError(f"max_workers must be a whole number from 1, got {self.max_workers!r}")
        if self.total_timeout is not None and not self.total_timeout > 0:
            raise ConfigurationError(f"total_timeout must be seconds above 0, got {self.total_timeout!r}")
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise ConfigurationError("executor must be a concurrent.futures.Executor, or have its submit()")
        if not isinstance(self.progress, bool) and not callable(self.progress):
            raise ConfigurationError("progress must be True for a bar, or a function that takes a BatchProgress")


class Batch:
    """One run over many requests.

    Args:
        client: Who asks.
        requests: What is asked; taken one after the other, as there is room.
        fields: Fields of all requests.
        options: How it runs.

    Raises:
        AiLibError: One of them cannot be used, whatever the single requests are.
    """

    def __init__(
        self, client: AiClient, requests: Iterable[Any], fields: Mapping[str, Any], options: BatchOptions
    ) -> None:
        check_several(requests, "a batch")
        check_names(fields)
        options.ask.call(client, None)
        self._client = client
        self._requests = requests
        self._fields = fields
        self._options = options
        self._max_cost = None if options.max_cost is None else _MaxCost(client, options.max_cost)
        self._total = len(requests) if hasattr(requests, "__len__") else None  # type: ignore[arg-type]
        self._checkpoint: Checkpoint | None = None
        self._refused = False
        self.progress = BatchProgress(total=self._total)
        """How far it is."""
        self.stopped: StopReason | None = None
        """Why requests at the end were not sent."""

    def result(self) -> BatchResult:
        """Run to the end and return everything.

        Raises:
            AiLibError: As for `items`.
        """
        items = tuple(sorted(self.items(), key=lambda item: item.index))
        return BatchResult(items=items, progress=self.progress, stopped=self.stopped)

    def items(self) -> Iterator[BatchItem]:
        """Yield the items, each as soon as its turn has come.

        Raises:
            AiLibError: The first error, where `fail_fast` is set.
            BudgetExceededError: `max_cost` is set, and nobody knows what a request costs.
            ConfigurationError: The checkpoint cannot be used.
        """
        options, clock = self._options, self._client._clock  # noqa: SLF001 - the batch is a part of the client
        begun, finish = clock.now(), False
        report, end_report = progress_reporter(options.progress, self._total)
        where = f"{self._client.provider} {self._client.base_url}"
        self._checkpoint = None if options.checkpoint is None else Checkpoint(options.checkpoint, where)
        workers = workers_for(self._client, options.ask, options.executor, options.max_workers)

        def out_of_time() -> bool:
            if options.total_timeout is not None and clock.now() - begun >= options.total_timeout:
                self.stopped = "total_timeout"
            return self.stopped is not None

        try:
            begins = self._begins(workers)
            max_concurrent, ordered = options.max_workers, options.ordered
            for item in run(
                begins, max_concurrent=max_concurrent, ordered=ordered, should_stop=out_of_time, on_item=self._check
            ):
                self.progress = self.progress.after(item, clock.now() - begun)
                report(self.progress)
                yield item
            finish = True
            self.stopped = self.stopped or ("max_cost" if self._refused else None)
        finally:
            # What runs is paid for: where it can be kept it is waited for, else it is cancelled.
            workers.end(finish=finish or self._checkpoint is not None)
            if self._checkpoint is not None:
                self._checkpoint.close()
            end_report()

    def _check(self, item: BatchItem) -> None:
        failure = self._checkpoint.failure if self._checkpoint is not None else None
        if failure is not None:
            raise ConfigurationError(f"the checkpoint cannot be written: {failure.strerror}") from failure
        if self._options.fail_fast and item.error is not None:
            raise item.error

    # --- each request

    def _begins(self, workers: Workers) -> Iterator[Start]:
        for index, given in enumerate(self._requests):
            try:
                request = self._request(given)
            except AiLibError as error:
                yield partial(BatchItem, index=index, error=error)
                continue
            key = None if self._checkpoint is None else self._checkpoint.key(request)
            kept = None if self._checkpoint is None or key is None else self._checkpoint.load(key)
            if kept is not None:
                yield partial(self._resumed, index, request, *kept)
            else:
                yield partial(self._begin, workers, index, request, key)

    def _begin(
        self, workers: Workers, index: int, request: ChatCompletionRequest, key: str | None
    ) -> Future[BatchItem] | None:
        held = Decimal() if self._max_cost is None else self._max_cost.reserve(request)
        self._refused = held is None
        if held is None:
            return None
        return workers.begin(request, key, partial(self._done, index, request, key, held))

    def _resumed(
        self, index: int, request: ChatCompletionRequest, response: ChatCompletionResponse, cost: Decimal | None
    ) -> BatchItem:
        parser = request.response_format.parser if request.response_format else None
        annotate_in_place(response, parser=parser, pricing=None if cost is None else _Paid(cost))
        if self._max_cost is not None and cost is not None:
            self._max_cost.count(cost)
        return BatchItem(index=index, request=request, response=response, cost=cost, resumed=True)

    def _done(
        self,
        index: int,
        request: ChatCompletionRequest,
        key: str | None,
        held: Decimal,
        given: ChatCompletionResponse | Exception,
    ) -> BatchItem:
        """Return the item of an answer or an error, after keeping the answer and paying for it."""
        if isinstance(given, ChatCompletionResponse):
            cost = given.total_cost
            if self._checkpoint is not None and key is not None:
                self._checkpoint.save(key, given, cost)
            if self._max_cost is not None:
                self._max_cost.settle(held, held if cost is None else cost)
            return BatchItem(index=index, request=request, response=given, cost=cost)
        if self._max_cost is not None:
            self._max_cost.settle(held, held if may_have_been_billed(given) else Decimal())
        return BatchItem(index=index, request=request, error=given)

    def _request(self, given: Any) -> ChatCompletionRequest:
        fields = dict(self._fields)
        if isinstance(given, Mapping):
            if "messages" not in given:
                raise InvalidRequestError("a request of a batch that is a dict needs 'messages'", code="no_messages")
            fields |= {name: value for name, value in given.items() if name != "messages"}
            given = given["messages"]
        return request_from(given, fields, self._client._named)  # noqa: SLF001


@attrs.frozen
class _Paid:
    """The price of an answer from a checkpoint: what it cost when it was given."""

    cost: Decimal

    def __call__(self, _: ChatCompletionResponse) -> Cost:
        return Cost(total=self.cost, source="checkpoint")


class _MaxCost:
    """The limit of a batch's cost.

    A request that says how much it may generate is counted at what that costs; another at what the dearest so far did.
    """

    def __init__(self, client: AiClient, usd: float | str | Decimal) -> None:
        self._own = client._own  # noqa: SLF001
        self._budget = Budget(usd)
        self._highest_cost = Decimal()

    def reserve(self, request: ChatCompletionRequest) -> Decimal | None:
        """Set aside what a request may cost; None where more than is left.

        Raises:
            BudgetExceededError: Nobody knows what it costs.
        """
        expected = self._expected(request)
        if expected is None:
            raise BudgetExceededError(
                f"nobody knows what {self._own.name}/{request.model} costs, so max_cost cannot be kept",
                code="unknown_cost",
                hint="Give the model's price: AiClient(..., catalogue=Catalogue().with_price(...))",
            )
        try:
            return self._budget.reserve(max(expected, self._highest_cost), "the next request")
        except BudgetExceededError:
            return None

    def _expected(self, request: ChatCompletionRequest) -> Decimal | None:
        own = self._own
        if request.max_tokens is not None:
            return max_cost_of(own.name, request, own.catalogue)
        from ai_lib.models.estimate import estimate_usage

        prompt = own.catalogue.cost(own.name, request.model or "", estimate_usage(request, ()))
        return None if prompt is None else prompt.total

    def settle(self, held: Decimal, cost: Decimal) -> None:
        """Count what a request cost."""
        self._budget.settle(held, cost)
        self._highest_cost = max(self._highest_cost, cost)

    def count(self, cost: Decimal) -> None:
        """Count what an earlier run paid."""
        self._budget.count(cost)
