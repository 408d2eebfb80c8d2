"""A conversation in which the model calls tools until it has an answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Self

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ResponseStream
from ai_lib.errors import AiLibError, InvalidRequestError, ToolLoopError
from ai_lib.tools.execute import Approve, execute
from ai_lib.tools.registry import Toolbox
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["ToolLimits", "ToolStream", "run_tools"]


@attrs.frozen(kw_only=True)
class ToolLimits:
    """The limits of a conversation with tools.

    Args:
        max_rounds: Maximum number of answers with tool calls, a positive integer; the next one must be without.
        max_repeats: Maximum number of consecutive rounds with exactly the same calls, a positive integer.
        timeout: Maximum seconds for each tool; None for no limit.
        max_workers: Maximum number of tools that run at once, a positive integer.
        approve: Called before each tool; returns True, False, or a string with the reason for the model.

    Raises:
        InvalidRequestError: A limit is out of its range, or `approve` is not callable.
    """

    max_rounds: int = 10
    max_repeats: int = 3
    timeout: float | None = None
    max_workers: int = 8
    approve: Approve | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("max_rounds", "max_repeats", "max_workers"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InvalidRequestError(f"{name} must be a positive integer, got {value!r}")
        if self.timeout is not None and not self.timeout > 0:
            raise InvalidRequestError(f"the timeout of tools must be seconds > 0 or None, got {self.timeout!r}")
        if self.approve is not None and not callable(self.approve):
            raise InvalidRequestError("approve must be a function that takes a ToolCall")


class _Conversation:
    """The messages so far, and whether another answer is needed."""

    def __init__(self, request: ChatCompletionRequest, tools: Toolbox, limits: ToolLimits, call: Call) -> None:
        self.messages: tuple[Message, ...] = request.messages
        self.call = call
        self._request = attrs.evolve(request, tools=tuple(tools))
        self._tools = tools
        self._limits = limits
        self._rounds: tuple[ChatCompletionResponse, ...] = ()
        self._last: ChatCompletionResponse | None = None
        self._requested: list[list[tuple[str, str]]] = []

    def next_request(self) -> ChatCompletionRequest:
        """Return the request for the next answer."""
        # A tool choice that forces a call holds for the first round; else the model would call it in every round.
        choice = self._request.tool_choice
        choice = choice if not self._rounds or choice in (None, "none") else "auto"
        return attrs.evolve(self._request, messages=self.messages, tool_choice=choice)

    def add(self, answer: ChatCompletionResponse) -> bool:
        """Add an answer, run the tools that it calls, and return whether another answer is needed.

        Raises:
            ToolLoopError: The answer exceeds the limits.
        """
        self._last = answer
        self.messages = (*self.messages, answer.message)
        if not answer.tool_calls:
            return False
        self._check_limits(answer)
        outcomes = execute(
            answer.tool_calls,
            self._tools,
            self.call,
            timeout=self._limits.timeout,
            max_workers=self._limits.max_workers,
            approve=self._limits.approve,
        )
        for outcome in outcomes:
            error = None if outcome.error is None else type(outcome.error).__name__
            self.call.record("tool", name=outcome.call.name, took=outcome.seconds, error=error)
        self.messages = (*self.messages, *(outcome.message for outcome in outcomes))
        self._rounds = (*self._rounds, answer)
        return True

    def _check_limits(self, answer: ChatCompletionResponse) -> None:
        limits, code = self._limits, None
        self._requested.append([(call.name, call.arguments_json) for call in answer.tool_calls])
        latest = self._requested[-limits.max_repeats - 1 :]
        if len(latest) > limits.max_repeats and all(calls == latest[0] for calls in latest):
            names = ", ".join(sorted({call.name for call in answer.tool_calls}))
            message, code = f"the model made the same call of {names} {len(latest)} times", "repeated_calls"
        elif len(self._rounds) >= limits.max_rounds:
            message = f"the model still calls tools after {limits.max_rounds} rounds"
        else:
            return
        error = ToolLoopError(message, code=code, provider=answer.provider, model=answer.model)
        error.partial = self.response(answer)
        raise error

    def response(self, answer: ChatCompletionResponse) -> ChatCompletionResponse:
        """Return an answer with the conversation that led to it."""
        return attrs.evolve(answer, messages=self.messages, rounds=self._rounds)

    def annotate(self, error: AiLibError) -> AiLibError:
        """Return an error that ended the conversation, with the conversation so far on `.partial`."""
        last = error.partial or self._last
        if last is not None and not last.messages:
            messages = self.messages if error.partial is None else (*self.messages, last.message)
            error.partial = attrs.evolve(last, messages=messages, rounds=self._rounds)
        return error


def run_tools(
    request: ChatCompletionRequest,
    tools: Toolbox,
    send: Callable[[ChatCompletionRequest, Call], ChatCompletionResponse],
    call: Call,
    limits: ToolLimits,
) -> ChatCompletionResponse:
    """Send a request, run the tools that the answer calls, and repeat until there is an answer without calls.

    `send` sends one request; `call` is the one that the whole conversation belongs to.

    Raises:
        ToolLoopError: The conversation exceeded its limits.
        AiLibError: A request failed; the conversation so far is on `error.partial.messages`.
    """
    conversation = _Conversation(request, tools, limits, call)
    try:
        while True:
            answer = send(conversation.next_request(), call.child())
            if not conversation.add(answer):
                return conversation.response(answer)
    except AiLibError as error:
        raise conversation.annotate(error) from error.__cause__


class ToolStream:
    """A conversation with tools whose answers are streams: iterate for the chunks of all of them.

    The arguments are those of `run_tools`.
    """

    def __init__(
        self,
        request: ChatCompletionRequest,
        tools: Toolbox,
        open_stream: Callable[[ChatCompletionRequest, Call], ResponseStream],
        call: Call,
        limits: ToolLimits,
    ) -> None:
        self._conversation = _Conversation(request, tools, limits, call)
        self._open_stream = open_stream
        self._stream = open_stream(self._conversation.next_request(), call.child())
        self._chunks = self._iterate()

    @property
    def response(self) -> ChatCompletionResponse:
        """The current answer so far and the conversation before it; at the end, what `run_tools` would return."""
        answer = self._conversation.response(self._stream.response)
        if answer.messages[-1:] == (answer.message,):
            return answer
        return attrs.evolve(answer, messages=(*answer.messages, answer.message))

    @property
    def messages(self) -> Sequence[Message]:
        """The conversation so far: complete answers and the results of tools."""
        return self._conversation.messages

    def _iterate(self) -> Generator[ChatCompletionChunk, None, None]:
        conversation = self._conversation
        try:
            while True:
                yield from self._stream
                if not conversation.add(self._stream.response):
                    return
                self._stream = self._open_stream(conversation.next_request(), conversation.call.child())
        except AiLibError as error:
            raise conversation.annotate(error) from error.__cause__

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ChatCompletionChunk:
        """Return the next chunk; the tools of one answer run before the first chunk of the next.

        Raises:
            ToolLoopError: The conversation exceeded its limits.
            AiLibError: A request failed; the conversation so far is on `error.partial.messages`.
        """
        return next(self._chunks)

    def final_response(self) -> ChatCompletionResponse:
        """Read the stream to its end and return the last answer."""
        for _ in self:
            pass
        return self.response

    def cancel(self) -> None:
        """End the conversation from any thread; a wait for a chunk or a tool raises `CancelledError` at once.

        A tool that is running keeps running in its thread; its result is dropped.
        """
        self._conversation.call.cancel()
        self._stream.cancel()

    def close(self) -> None:
        """Free the connection."""
        self._chunks.close()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
