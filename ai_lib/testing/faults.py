"""A transport round any other that makes things go wrong, in the same way every time."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.testing.replies import Answer, Failure, Raw, Reply, cut, error
from ai_lib.testing.sent import sent
from ai_lib.testing.stream import PieceStream
from ai_lib.testing.transport import lost_connection, pieces_of
from ai_lib.testing.wire.render import render
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["FAULTS", "Fate", "FaultyTransport"]

FAULTS: tuple[Reply, ...] = (error(429), error(500), error(503), cut())
"""What goes wrong where a test does not say: an error, or a connection that is lost."""

Fate: TypeAlias = Literal["fine", "error", "cut"]
"""What became of a request."""

# A stream is cut after this many pieces at most: after more, a short answer would be there.
_MOST_PIECES = 2


def _rate(_: object, field: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{field.name} must be from 0 to 1, got {value!r}")


@attrs.frozen
class _Plan:
    fate: Fate
    fault: Reply
    pieces: int


@attrs.define(eq=False)
class FaultyTransport:
    """Passes requests on, and makes some of them fail.

    What happens to the n-th request depends on the seed and on n alone, so that a test which fails once fails again.

    Args:
        inner: What moves the bytes of those that go well.
        error_rate: The part of the requests, from 0 to 1, that are not passed on and get one of the faults.
        latency: Seconds before each request.
        cut_rate: The part of the requests, from 0 to 1, that are passed on and lose their connection during the answer.
        faults: What the first part gets; each as likely as another.
        seed: What chance begins with.
        clock: Whose time the latency takes.

    Attributes:
        fates: What became of each request, in order.

    Raises:
        ValueError: A rate is not from 0 to 1, or the faults are no replies to choose from.
    """

    inner: Transport
    error_rate: float = attrs.field(default=0.0, kw_only=True, validator=_rate)
    latency: float = attrs.field(default=0.0, kw_only=True)
    cut_rate: float = attrs.field(default=0.0, kw_only=True, validator=_rate)
    faults: Sequence[Reply] = attrs.field(default=FAULTS, kw_only=True)
    seed: int = attrs.field(default=0, kw_only=True)
    clock: Clock = attrs.field(default=SYSTEM_CLOCK, kw_only=True, repr=False)
    fates: list[Fate] = attrs.field(factory=list, init=False, repr=False)
    _random: random.Random = attrs.field(init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.faults:
            raise ValueError("faults must hold at least one reply")
        if not all(isinstance(fault, Answer | Failure | Raw) for fault in self.faults):
            raise ValueError(f"faults must be replies such as error(500) and cut(), got {self.faults!r}")
        self._random = random.Random(self.seed)  # noqa: S311 - the same numbers every time is what is wanted

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, or have it fail.

        Raises:
            ConnectionLostError: So it was decided.
        """
        number, plan = self._next()
        if plan.fate == "error":
            rendered = render(plan.fault, sent(request, number))
            if rendered.is_cut:
                raise lost_connection()
            return HttpResponse(status=rendered.status, headers=rendered.headers, body=b"".join(rendered.pieces))
        response = self.inner.send(request)
        if plan.fate == "cut":
            raise lost_connection()
        return response

    def stream(self, request: HttpRequest) -> HttpStream:
        """Open a stream, or have it fail: at once, or after a few pieces.

        Raises:
            ConnectionLostError: So it was decided.
        """
        number, plan = self._next()
        if plan.fate == "error":
            rendered = render(plan.fault, sent(request, number))
            return PieceStream(
                rendered.status, rendered.headers, pieces_of(rendered, lambda: self.clock.sleep(rendered.pace))
            )
        opened = self.inner.stream(request)
        if plan.fate == "cut":
            pieces = _some(opened, plan.pieces)
            return PieceStream(opened.status, opened.headers, pieces, opened.finish, opened.cancel)
        return opened

    def close(self) -> None:
        """Free what the inner transport holds open."""
        self.inner.close()

    def _next(self) -> tuple[int, _Plan]:
        with self._lock:
            # All are drawn whatever the rates are: with another rate the other decisions stay.
            fails, cuts = self._random.random() < self.error_rate, self._random.random() < self.cut_rate
            fault, pieces = self._random.choice(self.faults), self._random.randint(0, _MOST_PIECES)
            plan = _Plan("error" if fails else "cut" if cuts else "fine", fault, pieces)
            self.fates.append(plan.fate)
            number = len(self.fates)
        wait = self.latency + (plan.fault.latency if fails else 0.0)
        if wait:
            self.clock.sleep(wait)
        return number, plan


def _some(opened: HttpStream, count: int) -> Iterator[bytes]:
    """Yield some pieces and a half, and never all there is, or nothing would have gone wrong."""
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
    raise lost_connection()
