"""One run over many requests: saved in a checkpoint, billed to a limit, sent by threads or an executor."""

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
from ai_lib.client.request import check_fields, check_is_sequence
from ai_lib.client.workers import CallSettings, Workers, workers_for
from ai_lib.errors import AiLibError, BudgetExceededError, ConfigurationError, InvalidRequestError
from ai_lib.models.spending import Budget, max_cost_of, may_have_been_billed
from ai_lib.types.price import Cost
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, annotate_in_place

if TYPE_CHECKING:
    from ai_lib.client.core import ClientCore
    from ai_lib.connection.connection import Connection

__all__ = ["BatchRun", "BatchSettings"]


@attrs.frozen(kw_only=True)
class BatchSettings:
    """How a batch runs; see `AiClient.batch`."""

    call: CallSettings = attrs.field(factory=CallSettings)
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
            raise ConfigurationError(f"max_workers must be a positive integer, got {self.max_workers!r}")
        if self.total_timeout is not None and not self.total_timeout > 0:
            raise ConfigurationError(f"total_timeout must be seconds > 0, got {self.total_timeout!r}")
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise ConfigurationError("executor must be a concurrent.futures.Executor, or have its submit()")
        if not isinstance(self.progress, bool) and not callable(self.progress):
            raise ConfigurationError("progress must be True for a progress bar, or a function of a BatchProgress")


class BatchRun:
    """One run over many requests.

    Args:
        core: The client.
        requests: The requests; read one after the other, as there is room.
        fields: Fields of all requests.
        settings: How it runs.

    Raises:
        AiLibError: A setting or a common field cannot be used.
    """

    def __init__(
        self, core: ClientCore, requests: Iterable[Any], fields: Mapping[str, Any], settings: BatchSettings
    ) -> None:
        check_is_sequence(requests, "a batch")
        check_fields(fields)
        settings.call.start_call(core, None)  # raises for a setting that cannot be used
        self._core = core
        self._requests = requests
        self._fields = fields
        self._settings = settings
        self._max_cost = None if settings.max_cost is None else _MaxCost(core.connection, settings.max_cost)
        self._total = len(requests) if hasattr(requests, "__len__") else None  # type: ignore[arg-type]
        self._checkpoint: Checkpoint | None = None
        self._refused = False
        self.progress = BatchProgress(total=self._total)
        """The progress so far."""
        self.stopped: StopReason | None = None
        """Why requests at the end were not sent."""

    def result(self) -> BatchResult:
        """Run to the end and return everything; raises as `items` does."""
        items = tuple(sorted(self.items(), key=lambda item: item.index))
        return BatchResult(items=items, progress=self.progress, stopped=self.stopped)

    def items(self) -> Iterator[BatchItem]:
        """Yield the items, each as soon as its turn has come.

        Raises:
            AiLibError: The first error, where `fail_fast` is set.
            BudgetExceededError: `max_cost` is set, and the price of a request is unknown.
            ConfigurationError: The checkpoint cannot be used.
        """
        settings, clock = self._settings, self._core.clock
        started, finish = clock.now(), False
        report, end_report = progress_reporter(settings.progress, self._total)
        if settings.checkpoint is not None:
            self._checkpoint = Checkpoint(settings.checkpoint, f"{self._core.own.name} {self._core.base_url}")
        workers = workers_for(self._core, settings.call, settings.executor, settings.max_workers)

        def out_of_time() -> bool:
            if settings.total_timeout is not None and clock.now() - started >= settings.total_timeout:
                self.stopped = "total_timeout"
            return self.stopped is not None

        try:
            for item in run(
                self._starts(workers),
                max_concurrent=settings.max_workers,
                ordered=settings.ordered,
                should_stop=out_of_time,
                on_item=self._check,
            ):
                self.progress = self.progress.after(item, clock.now() - started)
                report(self.progress)
                yield item
            finish = True
            self.stopped = self.stopped or ("max_cost" if self._refused else None)
        finally:
            # What runs is billed: where the checkpoint can save it the run waits for it, else it is cancelled.
            workers.end(finish=finish or self._checkpoint is not None)
            if self._checkpoint is not None:
                self._checkpoint.close()
            end_report()

    def _check(self, item: BatchItem) -> None:
        failure = self._checkpoint.failure if self._checkpoint is not None else None
        if failure is not None:
            raise ConfigurationError(f"the checkpoint cannot be written: {failure.strerror}") from failure
        if self._settings.fail_fast and item.error is not None:
            raise item.error

    # --- each request

    def _starts(self, workers: Workers) -> Iterator[Start]:
        for index, prompt in enumerate(self._requests):
            try:
                request = self._build_request(prompt)
            except AiLibError as error:
                yield partial(BatchItem, index=index, error=error)
                continue
            key = None if self._checkpoint is None else self._checkpoint.key(request)
            saved = None if self._checkpoint is None or key is None else self._checkpoint.load(key)
            if saved is not None:
                yield partial(self._resume, index, request, *saved)
            else:
                yield partial(self._start, workers, index, request, key)

    def _build_request(self, prompt: Any) -> ChatCompletionRequest:
        fields = dict(self._fields)
        if isinstance(prompt, Mapping):
            if "messages" not in prompt:
                raise InvalidRequestError("a request of a batch that is a dict needs 'messages'", code="no_messages")
            fields |= {name: value for name, value in prompt.items() if name != "messages"}
            prompt = prompt["messages"]
        return self._core.build_request(prompt, fields)

    def _start(
        self, workers: Workers, index: int, request: ChatCompletionRequest, key: str | None
    ) -> Future[BatchItem] | None:
        reserved = Decimal() if self._max_cost is None else self._max_cost.reserve(request)
        self._refused = reserved is None
        if reserved is None:
            return None
        return workers.start(request, key, partial(self._finish, index, request, key, reserved))

    def _resume(
        self, index: int, request: ChatCompletionRequest, response: ChatCompletionResponse, cost: Decimal | None
    ) -> BatchItem:
        parser = request.response_format.parser if request.response_format else None
        pricing = None if cost is None else partial(_saved_cost, cost)
        annotate_in_place(response, parser=parser, pricing=pricing)
        if self._max_cost is not None and cost is not None:
            self._max_cost.add(cost)
        return BatchItem(index=index, request=request, response=response, cost=cost, resumed=True)

    def _finish(
        self,
        index: int,
        request: ChatCompletionRequest,
        key: str | None,
        reserved: Decimal,
        result: ChatCompletionResponse | Exception,
    ) -> BatchItem:
        """Return the item of an answer or an error, after saving the answer and paying for it."""
        if isinstance(result, ChatCompletionResponse):
            cost = result.total_cost
            if self._checkpoint is not None and key is not None:
                self._checkpoint.save(key, result, cost)
            if self._max_cost is not None:
                self._max_cost.settle(reserved, reserved if cost is None else cost)
            return BatchItem(index=index, request=request, response=result, cost=cost)
        if self._max_cost is not None:
            self._max_cost.settle(reserved, reserved if may_have_been_billed(result) else Decimal())
        return BatchItem(index=index, request=request, error=result)


def _saved_cost(cost: Decimal, _: ChatCompletionResponse) -> Cost:
    """Return what an answer from a checkpoint cost when it was sent, whatever the prices are now."""
    return Cost(total=cost, source="checkpoint")


class _MaxCost:
    """The cost limit of a batch.

    A request with `max_tokens` is counted at what that may cost; another at the highest cost of a request so far.
    """

    def __init__(self, connection: Connection, usd: float | str | Decimal) -> None:
        self._connection = connection
        self._budget = Budget(usd)
        self._highest_cost = Decimal()

    def reserve(self, request: ChatCompletionRequest) -> Decimal | None:
        """Reserve what a request may cost; None where that is more than what is left.

        Raises:
            BudgetExceededError: Its price is unknown.
        """
        provider, catalogue, model = self._connection.name, self._connection.catalogue, request.model or ""
        if request.max_tokens is not None:
            expected = max_cost_of(provider, request, catalogue)
        else:
            from ai_lib.models.estimate import estimate_usage

            cost = catalogue.cost(provider, model, estimate_usage(request, ()))
            expected = None if cost is None else cost.total
        if expected is None:
            raise BudgetExceededError(
                f"the price of {provider}/{model} is unknown, so max_cost cannot be enforced",
                code="unknown_cost",
                hint="Add the model's price: AiClient(..., catalogue=Catalogue().with_price(...))",
            )
        try:
            return self._budget.reserve(max(expected, self._highest_cost), "the next request")
        except BudgetExceededError:
            return None

    def settle(self, reserved: Decimal, cost: Decimal) -> None:
        """Count the cost of a request."""
        self._budget.settle(reserved, cost)
        self._highest_cost = max(self._highest_cost, cost)

    def add(self, cost: Decimal) -> None:
        """Count what an earlier run paid."""
        self._budget.count(cost)
