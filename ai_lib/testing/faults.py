"""A transport that wraps another one and makes some requests fail, reproducibly."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.testing.formats.render import render
from ai_lib.testing.replies import Answer, Failure, Raw, Reply, cut, error
from ai_lib.testing.request import SentRequest
from ai_lib.testing.response import FakeResponse, PieceStream, connection_lost
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["FAULTS", "FaultyTransport", "Outcome"]

FAULTS: tuple[Reply, ...] = (error(429), error(500), error(503), cut())
"""The default faults: an error, or a lost connection."""

Outcome: TypeAlias = Literal["ok", "error", "cut"]
"""What happened to a request."""

# A stream is cut after at most this many pieces: a short answer would be complete after more.
_MAX_PIECES = 2


def _check_rate(_: object, field: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{field.name} must be 0 to 1, got {value!r}")


@attrs.define(eq=False)
class FaultyTransport:
    """Passes requests on, and makes some of them fail.

    What happens to the n-th request depends on the seed and on n alone, so a test that fails once fails again.

    Args:
        inner: The transport for the requests that succeed.
        error_rate: The share of requests, 0 to 1, that are not passed on and get one of the faults.
        latency: Seconds before each request.
        cut_rate: The share of requests, 0 to 1, that are passed on and lose their connection during the answer.
        faults: The replies for failing requests, all equally likely.
        seed: The seed of the random choices.
        clock: The clock on which the latency passes.

    Attributes:
        outcomes: What happened to each request, in order.

    Raises:
        ValueError: A rate is not 0 to 1, or `faults` is empty or holds something other than replies.
    """

    inner: Transport
    error_rate: float = attrs.field(default=0.0, kw_only=True, validator=_check_rate)
    latency: float = attrs.field(default=0.0, kw_only=True)
    cut_rate: float = attrs.field(default=0.0, kw_only=True, validator=_check_rate)
    faults: Sequence[Reply] = attrs.field(default=FAULTS, kw_only=True)
    seed: int = attrs.field(default=0, kw_only=True)
    clock: Clock = attrs.field(default=SYSTEM_CLOCK, kw_only=True, repr=False)
    outcomes: list[Outcome] = attrs.field(factory=list, init=False, repr=False)
    _random: random.Random = attrs.field(init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.faults:
            raise ValueError("faults must hold at least one reply")
        if not all(isinstance(fault, Answer | Failure | Raw) for fault in self.faults):
            raise ValueError(f"faults must be replies such as error(500) and cut(), got {self.faults!r}")
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible on purpose

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, or make it fail.

        Raises:
            ConnectionLostError: The request was chosen to be cut.
        """
        fault, cut_after = self._choose(request)
        if fault is not None:
            return fault.to_response()
        response = self.inner.send(request)
        if cut_after is not None:
            raise connection_lost()
        return response

    def stream(self, request: HttpRequest) -> HttpStream:
        """Open a stream, or make it fail: at once, or after a few pieces, with ConnectionLostError."""
        fault, cut_after = self._choose(request)
        if fault is not None:
            return fault.to_stream(self.clock.sleep)
        opened = self.inner.stream(request)
        if cut_after is None:
            return opened
        pieces = _cut_pieces(opened, cut_after)
        return PieceStream(opened.status, opened.headers, pieces, opened.finish, opened.cancel)

    def close(self) -> None:
        """Close the inner transport."""
        self.inner.close()

    def _choose(self, request: HttpRequest) -> tuple[FakeResponse | None, int | None]:
        """Return the fault to answer with, if any, and after how many pieces to cut the real answer, if at all."""
        with self._lock:
            # All four are drawn whatever the rates are, so that changing one rate leaves the other choices alone.
            fails, cuts = self._random.random() < self.error_rate, self._random.random() < self.cut_rate
            fault, pieces = self._random.choice(self.faults), self._random.randint(0, _MAX_PIECES)
            self.outcomes.append("error" if fails else "cut" if cuts else "ok")
            number = len(self.outcomes)
        wait = self.latency + (fault.latency if fails else 0.0)
        if wait:
            self.clock.sleep(wait)
        if fails:
            return render(fault, SentRequest.from_http(request, number)), None
        return None, pieces if cuts else None


def _cut_pieces(opened: HttpStream, count: int) -> Iterator[bytes]:
    """Yield at most `count` pieces and half of the next, but never the whole body, which would be no fault."""
    pieces = iter(opened)
    piece = next(pieces, b"")
    for _ in range(count):
        following = next(pieces, b"")
        if not following:
            break
        yield piece
        piece = following
    yield piece[: len(piece) // 2]
    opened.close()
    raise connection_lost()
