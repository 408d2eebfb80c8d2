"""Execution of tool calls: in parallel, within a time limit, and with every failure reported to the model."""

from __future__ import annotations

import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import ToolArgumentsError
from ai_lib.tools.registry import Toolbox
from ai_lib.types.content import Part
from ai_lib.types.message import Message
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.utils import json

if TYPE_CHECKING:
    from ai_lib.utils.clock import Clock

__all__ = ["Approve", "ToolOutcome", "execute", "result_content"]

_logger = logging.getLogger(__name__)
# Seconds between two looks at the call's own deadline and at its cancellation, which set no event that a wait for a
# tool could end by. A user does not notice a twentieth of a second.
_POLL_INTERVAL = 0.05

Approve: TypeAlias = Callable[[ToolCall], "bool | str"]
"""Called before a tool runs; returns True to run it, False to refuse it, or a string with the reason for the model."""


@attrs.frozen
class ToolOutcome:
    """The outcome of one tool call."""

    call: ToolCall
    message: Message  # the result, to be sent to the model
    error: BaseException | None  # why there is no result: the function's exception, invalid arguments, a refusal
    seconds: float  # how long the function ran


def execute(
    calls: Sequence[ToolCall],
    tools: Toolbox,
    call: Call,
    *,
    timeout: float | None = None,
    max_workers: int = 8,
    approve: Approve | None = None,
) -> list[ToolOutcome]:
    """Run tool calls in parallel and return their outcomes in the same order.

    Invalid arguments, an exception of the function, a refusal and a timeout become results for the model, marked as
    errors.

    Args:
        calls: The calls that the model made.
        tools: The tools.
        call: The call that they belong to; its deadline and its cancellation end the wait.
        timeout: Maximum seconds for each tool; None for no limit. A function cannot be stopped: it keeps running in its
            thread, and its result is dropped.
        max_workers: Maximum number of tools that run at once.
        approve: Called before each tool, in this thread.

    Raises:
        RequestTimeoutError: The call exceeded its total timeout.
        CancelledError: The call was cancelled.
    """
    slots = threading.Semaphore(max_workers)
    started: list[_Running | ToolOutcome] = []
    for tool_call in calls:
        try:
            tool, arguments = tools.resolve(tool_call)
        except ToolArgumentsError as error:
            started.append(_error_outcome(tool_call, error, error.message))
            continue
        verdict = True if approve is None else approve(tool_call)
        if verdict is True:
            started.append(_Running(tool_call, tool, arguments, slots, call.clock))
        else:
            reason = verdict if isinstance(verdict, str) else "the user did not allow this call"
            started.append(_error_outcome(tool_call, PermissionError(reason), reason))
    try:
        return [entry.outcome(timeout, call) if isinstance(entry, _Running) else entry for entry in started]
    finally:
        for entry in started:  # those that still wait for a slot when the call is cancelled must not start later
            if isinstance(entry, _Running):
                entry.abandoned = True


class _Running:
    """One tool call in its own daemon thread: one that hangs delays neither the others nor the end of the program."""

    def __init__(
        self, call: ToolCall, tool: Tool, arguments: dict[str, Any], slots: threading.Semaphore, clock: Clock
    ) -> None:
        self._call = call
        self._tool = tool
        self._arguments = arguments
        self._slots = slots
        self._clock = clock
        self._done = threading.Event()
        self.abandoned = False
        self._started: float | None = None
        self._seconds = 0.0
        self._value: Any = None
        self._error: BaseException | None = None
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self.run,), daemon=True, name="ai_lib tool").start()

    def run(self) -> None:
        with self._slots:
            if not self.abandoned:
                self._started = self._clock.now()
                try:
                    value = self._tool(**self._arguments)
                    if inspect.isawaitable(value):
                        import asyncio

                        value = asyncio.run(_await(value))
                    self._value = value
                except BaseException as exc:  # noqa: BLE001 - reported to the model, or raised in the waiting thread
                    self._error = exc
                self._seconds = self._clock.now() - self._started
        self._done.set()

    def outcome(self, timeout: float | None, call: Call) -> ToolOutcome:
        """Wait for the outcome; the timeout counts from when the tool got a slot and started."""
        while not call.clock.wait(self._done, _POLL_INTERVAL):
            call.check()
            if timeout is not None and self._started is not None and self._clock.now() - self._started > timeout:
                late = TimeoutError(f"the tool did not answer within {timeout:g} s")
                return _error_outcome(self._call, late, str(late), timeout)
        error = self._error
        if error is None:
            try:
                message = Message.tool(self._call.id, *result_content(self._value), name=self._call.name)
            except (TypeError, ValueError, RecursionError) as exc:
                error = exc
            else:
                return ToolOutcome(self._call, message, None, self._seconds)
        if not isinstance(error, Exception):
            raise error
        _logger.debug("tool %s raised %s", self._call.name, type(error).__name__)
        return _error_outcome(self._call, error, f"{type(error).__name__}: {error}", self._seconds)


async def _await(value: Any) -> Any:
    return await value  # `asyncio.run` takes coroutines only, not every awaitable


def _error_outcome(call: ToolCall, error: BaseException, text: str, seconds: float = 0.0) -> ToolOutcome:
    return ToolOutcome(call, Message.tool(call.id, f"Error: {text}", name=call.name, is_error=True), error, seconds)


def result_content(value: Any) -> list[Any]:
    """Return the content of a tool message for what a function returned: strings and parts unchanged, the rest as JSON.

    Raises:
        TypeError: The value cannot be represented as JSON.
    """
    if isinstance(value, str):
        # Half of a surrogate pair, as in the names of some files, cannot be encoded; it is sent as an escape.
        return [value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()]
    if value is None:
        return ["null"]
    if isinstance(value, Part):
        return [value]
    if isinstance(value, list | tuple) and value and all(isinstance(item, Part) for item in value):
        return list(value)
    dump = getattr(value, "model_dump", None)  # pydantic's
    return [json.dumps(value if dump is None else dump(mode="json")).decode()]
