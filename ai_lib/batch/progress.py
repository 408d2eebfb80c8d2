"""A progress bar in a terminal or a notebook, with the cost so far. Needs tqdm: `pip install ai-lib[progress]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_lib.batch.item import BatchProgress
from ai_lib.errors import ConfigurationError

__all__ = ["Bar", "progress_reporter"]


class Bar:
    """A bar of tqdm.

    Args:
        total: How many requests there are; None where that is not known.

    Raises:
        ConfigurationError: tqdm is not installed.
    """

    def __init__(self, total: int | None) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError as exc:
            raise ConfigurationError(
                "progress=True needs tqdm: pip install ai-lib[progress]; or pass a function that takes a BatchProgress"
            ) from exc
        self._bar: Any = tqdm(total=total, unit="request")

    def __call__(self, progress: BatchProgress) -> None:
        """Show a state."""
        unknown = f" + {progress.unknown_costs} unknown" if progress.unknown_costs else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        self._bar.set_postfix_str(f"${progress.cost:.4f}{unknown}{failed}", refresh=False)
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def progress_reporter(
    progress: bool | Callable[[BatchProgress], None], total: int | None
) -> tuple[Callable[[BatchProgress], None], Callable[[], None]]:
    """Return what to call with each state, and what to call at the end.

    Args:
        progress: True for a bar, False for nothing, or what the user wants called.
        total: How many requests there are, where that is known.
    """
    if callable(progress):
        return progress, lambda: None
    if progress:
        bar = Bar(total)
        return bar, bar.close
    return (lambda _: None), (lambda: None)
