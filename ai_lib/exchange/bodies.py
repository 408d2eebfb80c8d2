"""The start of a body, the silence in it, and a stream that turned out to be a whole response."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

from ai_lib.api.transport import HttpStream
from ai_lib.errors import InvalidResponseError, RequestTimeoutError, TransportError
from ai_lib.types.wire import HttpResponse
from ai_lib.utils.clock import Clock

__all__ = ["BufferedBody", "IdleWatch", "peek", "read"]

_MAX_ERROR_BODY = 65536
_MAX_WHOLE_BODY = 64 * 1024 * 1024


def peek(opened: HttpStream) -> tuple[bytes, Iterable[bytes]]:
    """Return enough of the start of a body to distinguish an event from JSON, and the body with it still in front."""
    pieces = iter(opened)
    first = b""
    while len(first.lstrip()) < len(b"event:") and (piece := next(pieces, b"")):
        first += piece
    return first, itertools.chain((first,), pieces)


def read(opened: HttpStream, pieces: Iterable[bytes] | None = None) -> HttpResponse:
    """Return a stream that turned out not to be one as a whole response, and free its connection.

    A body that is too long, or breaks off, is cut: the status of an error matters more than the end of its text.
    """
    body: list[bytes] = []
    size = 0
    limit = _MAX_ERROR_BODY if pieces is None else _MAX_WHOLE_BODY
    try:
        for piece in opened if pieces is None else pieces:
            body.append(piece)
            size += len(piece)
            if size > limit:
                break
    except (TransportError, InvalidResponseError):
        if pieces is not None:
            raise
    finally:
        opened.close()
    return HttpResponse(status=opened.status, headers=opened.headers, body=b"".join(body))


class BufferedBody:
    """A response that was read to its end, in place of a stream."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._body = response.body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def finish(self) -> None:
        """Do nothing: no connection is held."""

    cancel = close = finish


class IdleWatch:
    """Measures silence in events, not in bytes: a server that only sends comments is silent."""

    def __init__(self, idle: float | None, clock: Clock) -> None:
        self._idle = math.inf if idle is None else idle
        self._now = clock.now
        self._event_seen = False

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes; raise after too long a time without an event."""
        since = self._now()
        for piece in source:
            yield piece
            # The consumer needs more than this piece held; its own time between two events does not count.
            now = self._now()
            if self._event_seen:
                self._event_seen, since = False, now
            elif now - since > self._idle:
                raise RequestTimeoutError(
                    f"no event for {self._idle:g} s, only comments (idle_timeout)",
                    code="idle_timeout",
                    hint="Raise Timeout(idle=...), or try again",
                )

    def events(self, framed: Iterable[str]) -> Iterator[str]:
        """Yield the events, and record that one arrived."""
        for event in framed:
            self._event_seen = True
            yield event
