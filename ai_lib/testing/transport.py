"""A transport that answers from a script, in the wire format of the called API, without a network."""

from __future__ import annotations

from typing import Self

from ai_lib.errors import RequestTimeoutError
from ai_lib.testing.request import SentRequest
from ai_lib.testing.response import FakeResponse, PieceStream
from ai_lib.testing.script import Script, Scripted
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import Clock

__all__ = ["ScriptedTransport"]


class ScriptedTransport:
    """Answers each request with the next reply of a script.

    The library encodes and decodes as usual, so a test sees what it would see in production:

        client = AiClient("openai", options=ConnectionOptions(api_key="x"), transport=ScriptedTransport("Hello"))
        assert client.chat("Hi").text == "Hello"

    Safe to share between threads; requests then get the replies in the order in which they arrive.

    Args:
        script: The replies: a string, one of `text`, `tool_call`, `error`, `cut`, `raw`, `models`, or a function that
            takes the request and returns one of these.
        then: The reply to every request after them; None makes a further request fail the test.
        clock: The clock on which a reply's latency passes; None makes it take no time, although time limits shorter
            than it still expire.
    """

    def __init__(self, *script: Scripted, then: Scripted | None = None, clock: Clock | None = None) -> None:
        self._script = Script(script, then)
        self._clock = clock

    @property
    def requests(self) -> list[SentRequest]:
        """The requests so far, in order, with keys masked."""
        return self._script.requests

    @property
    def left(self) -> int:
        """The number of replies that have not been used yet."""
        return self._script.left

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the next reply as a complete response.

        Raises:
            ConnectionLostError: The reply is cut.
            RequestTimeoutError: Its latency exceeds a time limit of the request.
            UnexpectedRequestError: The script has no reply left.
        """
        return self._answer(request)[0].to_response()

    def stream(self, request: HttpRequest) -> PieceStream:
        """Return the next reply as a stream, one event at a time.

        Iterating raises RequestTimeoutError if the reply's pace exceeds the request's idle limit, or all its pieces
        together the total one.

        Raises:
            RequestTimeoutError: Its latency exceeds a time limit of the request.
            UnexpectedRequestError: The script has no reply left.
        """
        response, time = self._answer(request)
        return response.to_stream(lambda pace: time.spend(pace, "idle_timeout", request.timeout.idle))

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._script.lines)} replies, {self.left} left)"

    def _answer(self, request: HttpRequest) -> tuple[FakeResponse, _SimulatedTime]:
        response, time = self._script.answer(request), _SimulatedTime(request, self._clock)
        time.spend(response.latency, "first_byte_timeout", request.timeout.first_byte)
        return response, time


class _SimulatedTime:
    """The time that one request takes, on a clock or only in numbers."""

    def __init__(self, request: HttpRequest, clock: Clock | None) -> None:
        self._clock = clock
        self._left = request.timeout.total
        if clock is not None and request.deadline is not None:
            # A deadline means something only on the clock that it was set by.
            self._left = max(0.0, request.deadline - clock.now())

    def spend(self, seconds: float, code: str, limit: float | None) -> None:
        """Let time pass, at most until the first limit expires: this one, or the request's total.

        Raises:
            RequestTimeoutError: A limit expired.
        """
        limits = {code: limit, "total_timeout": self._left}
        exceeded = [(most, name) for name, most in limits.items() if most is not None and most < seconds]
        passed, name = min(exceeded, default=(seconds, ""))
        if self._clock is not None and passed:
            self._clock.sleep(passed)
        if self._left is not None:
            self._left -= passed
        if name:
            error = RequestTimeoutError(f"no bytes arrived within {passed:g} s ({name})", code=name)
            error.ambiguous = True
            raise error
