"""Who works on a batch: threads of this process, or any executor, whose work may happen on another machine."""

from __future__ import annotations

import contextvars
import pickle
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs

from ai_lib.batch.item import BatchItem
from ai_lib.errors import BudgetExceededError, ConfigurationError
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.client.client import AiClient

__all__ = ["Ask", "Workers", "workers_for"]

Done: TypeAlias = Callable[[ChatCompletionResponse | Exception], BatchItem]
"""Makes an item of what a request came to; called as soon as that is known, in whatever thread it is."""


@attrs.frozen(kw_only=True)
class Ask:
    """What each request of a batch is asked with; it can be sent to another process.

    Args:
        timeout: Seconds for each, or a `Timeout`; None means the client's.
        on_unsupported: As for the client.
        tags: As for `chat`.
    """

    timeout: Any = None
    on_unsupported: Any = None
    tags: Any = ()

    def call(self, client: AiClient, key: str | None) -> Call:
        """Return a call that asks one of them."""
        call = client._call(self.timeout, self.on_unsupported, self.tags)  # noqa: SLF001 - a part of the client
        if key is not None:
            call.use_key(key)
        return call


class Workers(Protocol):
    """Work on requests."""

    def begin(self, request: ChatCompletionRequest, key: str | None, done: Done) -> Future[BatchItem]:
        """Start one; `key` is the same whenever the same work is done again."""

    def end(self, *, finish: bool) -> None:
        """Take no more; wait for what runs, or cancel it."""


def workers_for(client: AiClient, ask: Ask, executor: Executor | None, max_workers: int) -> Workers:
    """Return who works for a client: threads of its own, the threads of an executor, or what else an executor has."""
    if executor is None:
        return _Threads(client, ask, ThreadPoolExecutor(max_workers, "ai_lib batch"), own=True)
    if isinstance(executor, ThreadPoolExecutor):
        return _Threads(client, ask, executor, own=False)
    return _Elsewhere(client, ask, executor)


class _Threads:
    def __init__(self, client: AiClient, ask: Ask, executor: Executor, *, own: bool) -> None:
        self._client = client
        self._ask = ask
        self._executor = executor
        self._own = own
        self._calls: set[Call] = set()

    def begin(self, request: ChatCompletionRequest, key: str | None, done: Done) -> Future[BatchItem]:
        return _submitted(self._executor, contextvars.copy_context().run, self._work, request, key, done)

    def _work(self, request: ChatCompletionRequest, key: str | None, done: Done) -> BatchItem:
        call = self._ask.call(self._client, key).child()
        if key is not None:
            call.use_key(key)
        self._calls.add(call)
        try:
            answer = self._client._asked(request, call)  # noqa: SLF001
            self._client._tell(answer.adjustments, call.on_unsupported)  # noqa: SLF001
            return done(answer)
        except Exception as exc:  # noqa: BLE001 - each failure is an item, whoever raised it
            return done(exc)
        finally:
            self._calls.discard(call)

    def end(self, *, finish: bool) -> None:
        if not finish:
            for call in list(self._calls):
                call.cancel()
        if self._own:
            self._executor.shutdown(wait=True, cancel_futures=True)


class _Elsewhere:
    """An executor whose work may happen in another process: client and request are packed and sent there."""

    def __init__(self, client: AiClient, ask: Ask, executor: Executor) -> None:
        try:
            self._packed = pickle.dumps(client)
        except (pickle.PicklingError, AttributeError, TypeError) as exc:
            raise ConfigurationError(
                f"the client cannot be packed for this executor: {exc}; make it of what can be pickled, "
                "or use a ThreadPoolExecutor"
            ) from exc
        self._client = client
        self._ask = ask
        self._executor = executor

    def begin(self, request: ChatCompletionRequest, key: str | None, done: Done) -> Future[BatchItem]:
        here: Future[BatchItem] = Future()
        own, tags = self._client._own, self._ask.call(self._client, None).tags  # noqa: SLF001 - a part of the client
        try:
            # Paid for here: what the copy of the client counts is known only there.
            hold = self._client._spending.reserve(own.name, request, own.catalogue, tags)  # noqa: SLF001
        except BudgetExceededError as error:
            here.set_result(done(error))
            return here
        try:
            there = _submitted(self._executor, _there, self._packed, self._ask, request, key)
        except BaseException as exc:
            hold.fail(exc)
            raise

        def ended(future: Future[ChatCompletionResponse | Exception]) -> None:
            try:
                given = future.result()
                if isinstance(given, ChatCompletionResponse):
                    hold.settle(given)
                else:
                    hold.fail(given)
                here.set_result(done(given))
            except BaseException as exc:  # noqa: BLE001 - a worker died: raised in the thread that waits
                hold.fail(exc)
                here.set_exception(exc)

        there.add_done_callback(ended)
        return here

    def end(self, *, finish: bool) -> None:
        """The executor is the user's own, and so is its end."""


def _submitted(executor: Executor, *work: Any) -> Future[Any]:
    try:
        return executor.submit(*work)
    except BrokenExecutor:
        raise
    except RuntimeError as exc:  # it was shut down
        raise ConfigurationError(f"the executor takes no work: {exc}") from exc


def _there(packed: bytes, ask: Ask, request: ChatCompletionRequest, key: str | None) -> Any:
    client = _client(packed)
    try:
        return client._asked(request, ask.call(client, key))  # noqa: SLF001
    except Exception as exc:  # noqa: BLE001 - each failure is an item
        return exc


@lru_cache(maxsize=8)
def _client(packed: bytes) -> AiClient:
    """Return the client of a batch: one for each process, so that its connections and limits are kept."""
    client: AiClient = pickle.loads(packed)  # noqa: S301 - packed by the process that gave the work
    return client
