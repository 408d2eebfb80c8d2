"""A transport that answers from a script, in the wire format of the API that is called, without any network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from ai_lib.errors import ConnectionLostError, RequestTimeoutError
from ai_lib.testing.script import Script, Scripted
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.stream import PieceStream
from ai_lib.testing.wire.render import Rendered
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import Clock

__all__ = ["ScriptedTransport", "lost_connection", "pieces_of"]


class ScriptedTransport:
    """Answers each request with the next reply of a script.

    The library encodes and decodes as it always does, and so a test sees what it would see in production:

        client = AiClient("openai", options=ConnectionOptions(api_key="x"), transport=ScriptedTransport("Hello"))
        assert client.chat("Hi").text == "Hello"

    Safe to share between threads; requests then get the replies in the order in which they come.

    Args:
        script: The replies: a text, one of `text`, `tool_call`, `error`, `cut`, `raw`, `models`, or a function that
            takes the request and returns one of these.
        then: What answers every request after them; None means that a further request fails the test.
        clock: Whose time a reply's latency takes; None means that it takes none, though limits of time below it still
            run out.
    """

    def __init__(self, *script: Scripted, then: Scripted | None = None, clock: Clock | None = None) -> None:
        self._script = Script(script, then)
        self._clock = clock

    @property
    def requests(self) -> list[SentRequest]:
        """What was sent, in order, with the keys masked."""
        return self._script.requests

    @property
    def left(self) -> int:
        """How many replies nobody has asked for yet."""
        return self._script.left

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the next reply, whole.

        Raises:
            ConnectionLostError: It is one that is cut.
            RequestTimeoutError: Its latency is longer than the request may take.
            UnexpectedRequestError: The script is over.
        """
        rendered, _ = self._answer(request)
        if rendered.is_cut:
            raise lost_connection()
        return HttpResponse(status=rendered.status, headers=rendered.headers, body=b"".join(rendered.pieces))

    def stream(self, request: HttpRequest) -> PieceStream:
        """Return the next reply as a stream, one event at a time.

        Iterating raises RequestTimeoutError where the reply's pace is slower than the request's idle limit, or all its
        pieces take longer than the request may.

        Raises:
            RequestTimeoutError: Its latency is longer than the request may take.
            UnexpectedRequestError: The script is over.
        """
        rendered, time = self._answer(request)
        pieces = pieces_of(rendered, lambda: time.let_pass(rendered.pace, "idle_timeout", request.timeout.idle))
        return PieceStream(rendered.status, rendered.headers, pieces)

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._script.lines)} replies, {self.left} left)"

    def _answer(self, request: HttpRequest) -> tuple[Rendered, _Time]:
        rendered, time = self._script.answer(request), _Time(request, self._clock)
        time.let_pass(rendered.latency, "first_byte_timeout", request.timeout.first_byte)
        return rendered, time


class _Time:
    """The time that one request takes, on a clock or only in numbers."""

    def __init__(self, request: HttpRequest, clock: Clock | None) -> None:
        self._clock = clock
        self._left = request.timeout.total
        if clock is not None and request.deadline is not None:
            # A deadline means something only on the clock that it was set by.
            self._left = max(0.0, request.deadline - clock.now())

    def let_pass(self, seconds: float, code: str, limit: float | None) -> None:
        """Let time pass, up to the first of the limits that it is longer than: one of its own, and the request's.

        Raises:
            RequestTimeoutError: It is longer than one of them.
        """
        limits = {code: limit, "total_timeout": self._left}
        reached = [(most, name) for name, most in limits.items() if most is not None and most < seconds]
        passed, name = min(reached, default=(seconds, ""))
        if self._clock is not None and passed:
            self._clock.sleep(passed)
        if self._left is not None:
            self._left -= passed
        if name:
            error = RequestTimeoutError(f"nothing came within {passed:g} s ({name})", code=name)
            error.ambiguous = True
            raise error


def lost_connection() -> ConnectionLostError:
    """Return the error for a connection that is lost after the request was sent."""
    error = ConnectionLostError("the connection was lost, as the test wants it")
    error.ambiguous = True
    return error


def pieces_of(rendered: Rendered, pause: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces of a reply, and break off where it is cut.

    Args:
        rendered: The reply.
        pause: Called between two pieces.

    Raises:
        ConnectionLostError: After the last piece of a reply that is cut.
    """
    for number, piece in enumerate(rendered.pieces):
        if number and rendered.pace:
            pause()
        yield piece
    if rendered.is_cut:
        raise lost_connection()
