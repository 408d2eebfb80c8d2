"""Running many requests: a bounded number at once, taken from their source only as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeAlias

import attrs

from ai_lib.batch.item import BatchItem

__all__ = ["Start", "run"]

# Finished items that may wait for an earlier one, per slot: enough to pass a slow request, and still bounded.
_MAX_WAITING = 16

Start: TypeAlias = Callable[[], "Future[BatchItem] | BatchItem | None"]
"""Starts a request; or returns its item if that is known already, or None if it must wait for others to end."""


@attrs.define
class _Run:
    source: Iterator[Start]
    max_concurrent: int
    should_stop: Callable[[], bool]
    on_item: Callable[[BatchItem], None]
    postponed: Start | None = None
    running: set[Future[BatchItem]] = attrs.Factory(set)
    finished: dict[int, BatchItem] = attrs.Factory(dict)
    more: bool = True
    failure: Exception | None = None

    @property
    def is_full(self) -> bool:
        items = len(self.running) + len(self.finished)
        return len(self.running) >= self.max_concurrent or items >= self.max_concurrent * _MAX_WAITING

    def start(self) -> None:
        """Start as many requests as there is room for, but return after each one whose item is known already."""
        while self.more and not self.is_full:
            start, self.postponed = self.postponed, None
            if self.should_stop():
                start = None
            elif start is None:
                try:
                    start = next(self.source, None)
                except Exception as exc:  # noqa: BLE001 - raised when the requests started before it have ended
                    self.failure = exc
            if start is None:
                self.more = False
                return
            started = start()
            if started is None:
                self.postponed = start
                self.more = bool(self.running)  # else nothing will end that it could wait for
                return
            if isinstance(started, BatchItem):
                self.finish(started)
                return
            self.running.add(started)

    def wait(self) -> None:
        """Wait until a request ends, unless another one can be started."""
        if self.running and (self.is_full or self.postponed is not None or not self.more):
            done, self.running = wait(self.running, return_when=FIRST_COMPLETED)
            for item in sorted((future.result() for future in done), key=lambda item: item.index):
                self.finish(item)

    def finish(self, item: BatchItem) -> None:
        self.on_item(item)
        self.finished[item.index] = item


def run(
    source: Iterator[Start],
    *,
    max_concurrent: int,
    ordered: bool,
    should_stop: Callable[[], bool],
    on_item: Callable[[BatchItem], None],
) -> Iterator[BatchItem]:
    """Yield the items, in the order of their requests or as they finish.

    What the source raises is raised after everything before it has been yielded.

    The next request is taken from the source only when there is room for it, and none once `should_stop` returns True.
    `on_item` is called with each item as soon as it has finished, before its turn; what it raises ends the run.
    """
    state, next_index = _Run(source, max_concurrent, should_stop, on_item), 0
    try:
        while True:
            state.start()
            while state.finished and (not ordered or next_index in state.finished):
                index = next_index if ordered else min(state.finished)
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
