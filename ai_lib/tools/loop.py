"""A conversation in which the model calls tools until it has an answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Self

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatStream
from ai_lib.errors import AiLibError, InvalidRequestError, ToolLoopError
from ai_lib.tools.execute import Approve, ToolOutcome, execute
from ai_lib.tools.registry import Toolbox
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["ToolLimits", "ToolStream", "run_tools"]


@attrs.frozen(kw_only=True)
class ToolLimits:
    """How far a conversation with tools may go.

    Args:
        max_rounds: Most answers with tool calls; the one after them must be without.
        max_repeats: Most rounds in a row that ask for exactly the same.
        timeout: Most seconds for each tool; None for no limit.
        max_workers: Most tools that run at once.
        approve: Asked before each tool runs: True, False, or a text for the model that says why not.
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
                raise InvalidRequestError(f"{name} must be a whole number from 1, got {value!r}")
        if self.timeout is not None and not self.timeout > 0:
            raise InvalidRequestError(f"a tool's timeout must be seconds above 0 or None, got {self.timeout!r}")
        if self.approve is not None and not callable(self.approve):
            raise InvalidRequestError("approve must be a function that takes a ToolCall")


class _Conversation:
    """What has been said, and whether it goes on."""

    def __init__(self, request: ChatCompletionRequest, tools: Toolbox, limits: ToolLimits, call: Call) -> None:
        self.messages: tuple[Message, ...] = request.messages
        self._request = attrs.evolve(request, tools=tuple(tools))
        self._tools = tools
        self._limits = limits
        self.call = call
        self._rounds: tuple[ChatCompletionResponse, ...] = ()
        self._last: ChatCompletionResponse | None = None
        self._asked_for: list[object] = []

    def request(self) -> ChatCompletionRequest:
        """Return what to ask next."""
        # A tool that must be called would be called in every round.
        choice = self._request.tool_choice
        choice = choice if not self._rounds or choice in (None, "none") else "auto"
        return attrs.evolve(self._request, messages=self.messages, tool_choice=choice)

    def take(self, answer: ChatCompletionResponse) -> bool:
        """Take an answer, run what it asks for, and return whether to ask again.

        Raises:
            ToolLoopError: It asks for more than it may.
        """
        self._last = answer
        self.messages = (*self.messages, answer.message)
        if not answer.tool_calls:
            return False
        self._check(answer)
        limits = self._limits
        done = execute(
            answer.tool_calls,
            self._tools,
            self.call,
            timeout=limits.timeout,
            max_workers=limits.max_workers,
            approve=limits.approve,
        )
        for one in done:
            self.call.record("tool", name=one.call.name, took=one.seconds, error=_name_of(one))
        self.messages = (*self.messages, *(one.message for one in done))
        self._rounds = (*self._rounds, answer)
        return True

    def whole(self, answer: ChatCompletionResponse) -> ChatCompletionResponse:
        """Return the last answer with all that led to it."""
        return attrs.evolve(answer, messages=self.messages, rounds=self._rounds)

    def annotate(self, error: AiLibError) -> AiLibError:
        """Return an error that ended the conversation, with what had been said until then on `.partial`."""
        last = error.partial or self._last
        if last is not None and not last.messages:
            said = (*self.messages, last.message) if error.partial is not None else self.messages
            error.partial = attrs.evolve(last, messages=said, rounds=self._rounds)
        return error

    def _check(self, answer: ChatCompletionResponse) -> None:
        self._asked_for.append([(call.name, call.arguments_json) for call in answer.tool_calls])
        same = self._asked_for[-self._limits.max_repeats - 1 :]
        if len(same) > self._limits.max_repeats and all(one == same[0] for one in same):
            names = ", ".join(sorted({call.name for call in answer.tool_calls}))
            raise self._ended(
                answer, f"the model asked for the same call of {names} {len(same)} times", "repeated_calls"
            )
        if len(self._rounds) >= self._limits.max_rounds:
            raise self._ended(answer, f"the model still calls tools after {self._limits.max_rounds} rounds", None)

    def _ended(self, answer: ChatCompletionResponse, message: str, code: str | None) -> ToolLoopError:
        error = ToolLoopError(message, code=code, provider=answer.provider, model=answer.model)
        error.partial = self.whole(answer)
        return error


def _name_of(one: ToolOutcome) -> str | None:
    return None if one.error is None else type(one.error).__name__


def run_tools(
    request: ChatCompletionRequest,
    tools: Toolbox,
    ask: Callable[[ChatCompletionRequest, Call], ChatCompletionResponse],
    call: Call,
    limits: ToolLimits,
) -> ChatCompletionResponse:
    """Ask, run the tools that the answer calls for, and go on until there is an answer without calls.

    Args:
        request: What is asked first.
        tools: The tools.
        ask: Asks a model once.
        call: The whole conversation's time.
        limits: How far it may go.

    Raises:
        ToolLoopError: It came to no end.
        AiLibError: Asking failed; what had been said is on `error.partial.messages`.
    """
    said = _Conversation(request, tools, limits, call)
    try:
        while True:
            answer = ask(said.request(), call.child())
            if not said.take(answer):
                return said.whole(answer)
    except AiLibError as error:
        raise said.annotate(error) from error.__cause__


class ToolStream:
    """A conversation with tools whose answers come as streams: iterate for the chunks of all of them.

    Args:
        request: What is asked first.
        tools: The tools.
        open_stream: Asks a model once.
        call: The whole conversation's time.
        limits: How far it may go.
    """

    def __init__(
        self,
        request: ChatCompletionRequest,
        tools: Toolbox,
        open_stream: Callable[[ChatCompletionRequest, Call], ChatStream],
        call: Call,
        limits: ToolLimits,
    ) -> None:
        self._said = _Conversation(request, tools, limits, call)
        self._open = open_stream
        self._stream = open_stream(self._said.request(), call.child())
        self._chunks = self._all()

    @property
    def response(self) -> ChatCompletionResponse:
        """The answer so far, with what was said before it; at the end the last answer and the whole conversation."""
        answer = self._said.whole(self._stream.response)
        return answer if answer.messages[-1:] == (answer.message,) else self._with(answer)

    @property
    def messages(self) -> Sequence[Message]:
        """What has been said so far: whole answers and the results of tools."""
        return self._said.messages

    def _with(self, answer: ChatCompletionResponse) -> ChatCompletionResponse:
        return attrs.evolve(answer, messages=(*answer.messages, answer.message))

    def _all(self) -> Generator[ChatCompletionChunk, None, None]:
        try:
            while True:
                yield from self._stream
                if not self._said.take(self._stream.response):
                    return
                self._stream = self._open(self._said.request(), self._said.call.child())
        except AiLibError as error:
            raise self._said.annotate(error) from error.__cause__

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ChatCompletionChunk:
        """Return the next chunk; before the first of a further answer, the tools that were called for have run.

        Raises:
            ToolLoopError: It came to no end.
            AiLibError: Asking failed.
        """
        return next(self._chunks)

    def final_response(self) -> ChatCompletionResponse:
        """Go on to the end and return the last answer; raises as iterating does."""
        for _ in self:
            pass
        return self.response

    def cancel(self) -> None:
        """End the conversation from any thread; one that waits for a chunk or a tool gets `CancelledError` at once.

        A tool that runs is no longer waited for.
        """
        self._said.call.cancel()
        self._stream.cancel()

    def close(self) -> None:
        """Free the connection."""
        self._chunks.close()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
