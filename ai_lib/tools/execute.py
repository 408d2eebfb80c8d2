"""Running what a model asks for: side by side, within a time, and with every failure told to the model."""

from __future__ import annotations

import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import ToolArgumentsError
from ai_lib.tools.registry import Toolbox
from ai_lib.types.content import Part
from ai_lib.types.message import Message
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.utils import json

__all__ = ["Approve", "ToolOutcome", "content_of", "execute"]

_logger = logging.getLogger(__name__)
_POLL = 0.05

Approve: TypeAlias = Callable[[ToolCall], "bool | str"]
"""Asked before a tool runs: True to run it, False to refuse it, a text to refuse it and tell the model why."""


@attrs.frozen
class ToolOutcome:
    """One tool call and what came of it.

    Args:
        call: What the model asked for.
        message: The result as it goes back to the model.
        error: Why there is no result: the function's exception, arguments that do not fit, a refusal; else None.
        seconds: How long it ran.
    """

    call: ToolCall
    message: Message
    error: BaseException | None
    seconds: float


class _Running:
    """One call in a thread of its own, so that one that hangs holds up nobody, not even the end of the program."""

    def __init__(self, call: ToolCall, work: Callable[[], Any], slots: threading.Semaphore, clock: Any) -> None:
        self.call = call
        self.done = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None
        self.began: float | None = None
        self.seconds = 0.0
        self._work = work
        self._slots = slots
        self._now = clock.now
        self.given_up = False
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), daemon=True, name="ai_lib tool").start()

    def _run(self) -> None:
        with self._slots:
            if not self.given_up:
                self.began = self._now()
                try:
                    self.value = self._work()
                except BaseException as exc:  # noqa: BLE001 - told to the model, or raised in the thread that waits
                    self.error = exc
                self.seconds = self._now() - self.began
        self.done.set()

    def wait(self, timeout: float | None, call: Call) -> bool:
        """Return whether it ended: within its time, which begins when it does, and before the call's own is over."""
        while not call.clock.wait(self.done, _POLL):
            call.check()
            if timeout is not None and self.began is not None and self._now() - self.began > timeout:
                self.given_up = True
                return False
        return True


def execute(
    calls: Sequence[ToolCall],
    tools: Toolbox,
    call: Call,
    *,
    timeout: float | None = None,
    max_workers: int = 8,
    approve: Approve | None = None,
) -> list[ToolOutcome]:
    """Run tool calls side by side and return what came of each, in their order.

    Arguments that do not fit, an exception of the function, a refusal and a time that is over become results for the
    model, marked as errors.

    Args:
        calls: What the model asked for.
        tools: What there is.
        call: The call that this is a part of; its time ends the wait.
        timeout: Most seconds for each; None for no limit. A function cannot be stopped: it is no longer waited for.
        max_workers: Most that run at once.
        approve: Asked before each, in this thread.

    Raises:
        RequestTimeoutError: The call's time is over.
        CancelledError: The call was cancelled.
    """
    slots = threading.Semaphore(max_workers)
    begun = [_begin(one, tools, approve, slots, call) for one in calls]
    return [one if isinstance(one, ToolOutcome) else _ended(one, timeout, call) for one in begun]


def _begin(
    one: ToolCall, tools: Toolbox, approve: Approve | None, slots: threading.Semaphore, call: Call
) -> _Running | ToolOutcome:
    try:
        tool, arguments = tools.resolve(one)
    except ToolArgumentsError as error:
        return _failed(one, error, error.message)
    verdict = True if approve is None else approve(one)
    if verdict is not True:
        why = verdict if isinstance(verdict, str) else "the user did not allow this call"
        return _failed(one, PermissionError(why), why)
    return _Running(one, lambda: _called(tool, arguments), slots, call.clock)


def _called(tool: Tool, arguments: dict[str, Any]) -> Any:
    value = tool(**arguments)
    if inspect.isawaitable(value):
        import asyncio

        return asyncio.run(_awaited(value))
    return value


async def _awaited(value: Any) -> Any:
    return await value


def _ended(running: _Running, timeout: float | None, call: Call) -> ToolOutcome:
    if not running.wait(timeout, call):
        error = TimeoutError(f"the tool did not answer within {timeout:g} s")
        return _failed(running.call, error, str(error), timeout or 0.0)
    error_or_none = running.error
    if error_or_none is None:
        try:
            content = content_of(running.value)
        except (TypeError, ValueError, RecursionError) as exc:
            error_or_none = exc
        else:
            message = Message.tool(running.call.id, *content, name=running.call.name)
            return ToolOutcome(running.call, message, None, running.seconds)
    if not isinstance(error_or_none, Exception):
        raise error_or_none
    _logger.debug("tool %s raised %s", running.call.name, type(error_or_none).__name__)
    told = f"{type(error_or_none).__name__}: {error_or_none}"
    return _failed(running.call, error_or_none, told, running.seconds)


def _failed(call: ToolCall, error: BaseException, told: str, seconds: float = 0.0) -> ToolOutcome:
    return ToolOutcome(call, Message.tool(call.id, f"Error: {told}", name=call.name, is_error=True), error, seconds)


def content_of(value: Any) -> list[Any]:
    """Return what a function returned as the content of a tool message: text and parts as they are, the rest as JSON.

    Raises:
        TypeError: It has no JSON form.
    """
    if isinstance(value, str):
        # Half of a surrogate pair, as in the names of some files, cannot be sent; it is told as an escape.
        return [value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()]
    if value is None:
        return ["null"]
    if isinstance(value, Part):
        return [value]
    if isinstance(value, list | tuple) and value and all(isinstance(item, Part) for item in value):
        return list(value)
    dump = getattr(value, "model_dump", None)  # pydantic's
    return [json.dumps(value if dump is None else dump(mode="json")).decode()]
