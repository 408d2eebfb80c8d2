"""The workers of a batch: threads of this process, or any executor, whose work may run on another machine."""

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
    from ai_lib.client.core import ClientCore

__all__ = ["CallSettings", "Workers", "workers_for"]

OnResult: TypeAlias = Callable[[ChatCompletionResponse | Exception], BatchItem]
"""Makes the item of a request's result; called as soon as that is known, in whatever thread it is."""


@attrs.frozen(kw_only=True)
class CallSettings:
    """The settings of each call of a batch; they can be sent to another process.

    Args:
        timeout: Seconds for each request, or a `Timeout`; None means the client's.
        on_unsupported: What to do with unsupported fields; None means the client's setting.
        tags: Labels of each call.
    """

    timeout: Any = None
    on_unsupported: Any = None
    tags: Any = ()

    def start_call(self, core: ClientCore, key: str | None) -> Call:
        """Return a call for one request; `key` is its idempotency key, None for a new one."""
        call = core.start_call(self.timeout, self.on_unsupported, self.tags)
        if key is not None:
            call.use_key(key)
        return call


class Workers(Protocol):
    """Send the requests of a batch."""

    def start(self, request: ChatCompletionRequest, key: str | None, on_result: OnResult) -> Future[BatchItem]:
        """Start one; `key` is the same whenever the same work is done again."""

    def end(self, *, finish: bool) -> None:
        """Accept no more; wait for what runs, or cancel it."""


def workers_for(core: ClientCore, settings: CallSettings, executor: Executor | None, max_workers: int) -> Workers:
    """Return the workers: new threads, the threads of an executor, or whatever else an executor has.

    Raises:
        ConfigurationError: The client cannot be pickled for the executor.
    """
    if executor is None:
        return _Threads(core, settings, ThreadPoolExecutor(max_workers, "ai_lib batch"), shutdown=True)
    if isinstance(executor, ThreadPoolExecutor):
        return _Threads(core, settings, executor, shutdown=False)
    return _Remote(core, settings, executor)


class _Threads:
    def __init__(self, core: ClientCore, settings: CallSettings, executor: Executor, *, shutdown: bool) -> None:
        self._core = core
        self._settings = settings
        self._executor = executor
        self._shutdown = shutdown
        self._calls: set[Call] = set()

    def start(self, request: ChatCompletionRequest, key: str | None, on_result: OnResult) -> Future[BatchItem]:
        return _submit(self._executor, contextvars.copy_context().run, self._work, request, key, on_result)

    def _work(self, request: ChatCompletionRequest, key: str | None, on_result: OnResult) -> BatchItem:
        call = self._settings.start_call(self._core, key).child()  # only a child can be cancelled
        if key is not None:
            call.use_key(key)
        self._calls.add(call)
        try:
            answer = self._core.send(request, call)
            self._core.warn(answer.adjustments, call.on_unsupported)
            return on_result(answer)
        except Exception as exc:  # noqa: BLE001 - each failure is an item, whatever raised it
            return on_result(exc)
        finally:
            self._calls.discard(call)

    def end(self, *, finish: bool) -> None:
        if not finish:
            for call in list(self._calls):
                call.cancel()
        if self._shutdown:
            self._executor.shutdown(wait=True, cancel_futures=True)


class _Remote:
    """An executor whose work may run in another process: client and request are pickled and sent there."""

    def __init__(self, core: ClientCore, settings: CallSettings, executor: Executor) -> None:
        try:
            self._pickled = pickle.dumps(core)
        except (pickle.PicklingError, AttributeError, TypeError) as exc:
            raise ConfigurationError(
                f"the client cannot be pickled for this executor: {exc}; make it of parts that can be pickled, "
                "or use a ThreadPoolExecutor"
            ) from exc
        self._core = core
        self._settings = settings
        self._executor = executor

    def start(self, request: ChatCompletionRequest, key: str | None, on_result: OnResult) -> Future[BatchItem]:
        item: Future[BatchItem] = Future()
        connection, tags = self._core.connection, self._settings.start_call(self._core, None).tags
        try:
            # Billed here: what the copy of the client counts is known only in its own process.
            reservation = self._core.spending.reserve(connection.name, request, connection.catalogue, tags)
        except BudgetExceededError as error:
            item.set_result(on_result(error))
            return item
        try:
            remote = _submit(self._executor, _send_there, self._pickled, self._settings, request, key)
        except BaseException as exc:
            reservation.fail(exc)
            raise

        def finish(future: Future[ChatCompletionResponse | Exception]) -> None:
            try:
                result = future.result()
                if isinstance(result, ChatCompletionResponse):
                    reservation.settle(result)
                else:
                    reservation.fail(result)
                item.set_result(on_result(result))
            except BaseException as exc:  # noqa: BLE001 - a worker died: raised in the thread that waits
                reservation.fail(exc)
                item.set_exception(exc)

        remote.add_done_callback(finish)
        return item

    def end(self, *, finish: bool) -> None:
        """Leave the executor as it is: it is the user's."""


def _submit(executor: Executor, *work: Any) -> Future[Any]:
    try:
        return executor.submit(*work)
    except BrokenExecutor:
        raise
    except RuntimeError as exc:  # it was shut down
        raise ConfigurationError(f"the executor rejected the task: {exc}") from exc


def _send_there(pickled: bytes, settings: CallSettings, request: ChatCompletionRequest, key: str | None) -> Any:
    core = _unpickle_once(pickled)
    try:
        return core.send(request, settings.start_call(core, key))
    except Exception as exc:  # noqa: BLE001 - each failure is an item
        return exc


@lru_cache(maxsize=8)
def _unpickle_once(pickled: bytes) -> ClientCore:
    """Return the client of a batch: one per process, so that its connections and limits are kept."""
    core: ClientCore = pickle.loads(pickled)  # noqa: S301 - pickled by the process that sent the work
    return core
