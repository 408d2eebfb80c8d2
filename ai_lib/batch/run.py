"""Running many requests: a bounded number at once, taken from their source only as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeAlias

from ai_lib.batch.item import BatchItem

__all__ = ["Start", "run"]

# Answers that may wait for an earlier one, for each that runs: enough to go on past a slow one, and still bounded.
_WAITING = 16

Start: TypeAlias = Callable[[], "Future[BatchItem] | BatchItem | None"]
"""Starts a request; or returns its item where that is known already; or None where it must wait for others to end."""


class _Run:
    def __init__(
        self, source: Iterator[Start], max_concurrent: int, stop: Callable[[], bool], ended: Callable[[BatchItem], None]
    ) -> None:
        self.source = source
        self.max_concurrent = max_concurrent
        self.stop = stop
        self.ended = ended
        self.held_back: Start | None = None
        self.running: set[Future[BatchItem]] = set()
        self.finished: dict[int, BatchItem] = {}
        self.more = True
        self.failure: Exception | None = None

    @property
    def full(self) -> bool:
        known = len(self.running) + len(self.finished)
        return len(self.running) >= self.max_concurrent or known >= self.max_concurrent * _WAITING

    def fill(self) -> None:
        """Begin as many as there is room for; but give out what is finished before taking much more."""
        while self.more and not self.full:
            begin = None if self.stop() else self.held_back or self._next()
            self.held_back = None
            if begin is None:
                self.more = False
                return
            begun = begin()
            if begun is None and not self.running:
                self.more = False
            if begun is None:
                self.held_back = begin
                return
            if isinstance(begun, BatchItem):
                self._keep(begun)
                return
            self.running.add(begun)

    def _next(self) -> Start | None:
        try:
            return next(self.source, None)
        except Exception as exc:  # noqa: BLE001 - raised when what was begun before it has come back
            self.failure = exc
            return None

    def wait(self) -> None:
        """Wait until one ends, where nothing else can be done."""
        if self.running and (self.full or self.held_back is not None or not self.more):
            done, self.running = wait(self.running, return_when=FIRST_COMPLETED)
            for item in sorted((future.result() for future in done), key=lambda item: item.index):
                self._keep(item)

    def _keep(self, item: BatchItem) -> None:
        self.ended(item)
        self.finished[item.index] = item


def run(
    source: Iterator[Start],
    *,
    max_concurrent: int,
    ordered: bool,
    stop: Callable[[], bool],
    ended: Callable[[BatchItem], None],
) -> Iterator[BatchItem]:
    """Yield the items, in the order of their requests or as they come.

    What the source raises comes out when everything before it has been given out.

    Args:
        source: The requests; the next is taken only when there is room for it.
        max_concurrent: Most that run at once.
        ordered: Whether to keep the order.
        stop: Asked before each begin: True to begin no more.
        ended: Told of each item as soon as it has ended, before its turn; what it raises ends the run.
    """
    state, next_index = _Run(source, max_concurrent, stop, ended), 0
    try:
        while True:
            state.fill()
            for index in [*_in_turn(next_index, state.finished)] if ordered else sorted(state.finished):
                next_index = index + 1
                yield state.finished.pop(index)
            if not state.running and not state.finished and not state.more:
                if state.failure is not None:
                    raise state.failure
                return
            state.wait()
    finally:
        for future in state.running:
            future.cancel()


def _in_turn(index: int, finished: dict[int, BatchItem]) -> Iterator[int]:
    while index in finished:
        yield index
        index += 1
