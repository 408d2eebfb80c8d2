"""A progress bar in a terminal or a notebook, with the cost so far. Needs tqdm: `pip install ai-lib[progress]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_lib.batch.item import BatchProgress
from ai_lib.errors import ConfigurationError

__all__ = ["Bar", "progress_reporter"]


class Bar:
    """A progress bar of tqdm.

    Args:
        total: Number of requests; None if it is unknown.

    Raises:
        ConfigurationError: tqdm is not installed.
    """

    def __init__(self, total: int | None) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError as exc:
            raise ConfigurationError(
                "progress=True needs the package tqdm: pip install ai-lib[progress]; "
                "or pass a function that takes a BatchProgress"
            ) from exc
        self._bar: Any = tqdm(total=total, unit="request")

    def __call__(self, progress: BatchProgress) -> None:
        """Show the progress."""
        unknown = f" + {progress.unknown_costs} unknown" if progress.unknown_costs else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        self._bar.set_postfix_str(f"${progress.cost:.4f}{unknown}{failed}", refresh=False)
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        """Finish the bar; it stays visible."""
        self._bar.close()


def progress_reporter(
    progress: bool | Callable[[BatchProgress], None], total: int | None
) -> tuple[Callable[[BatchProgress], None], Callable[[], None]]:
    """Return a function to call with each progress, and one to call at the end.

    Args:
        progress: True for a bar, False for nothing, or the user's function.
        total: Number of requests; None if it is unknown.
    """
    if callable(progress):
        return progress, lambda: None
    if progress:
        bar = Bar(total)
        return bar, bar.close
    return (lambda _: None), (lambda: None)
