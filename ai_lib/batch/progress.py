"""A progress bar in a terminal or a notebook, with the cost so far. Needs tqdm: `pip install ai-lib[progress]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_lib.batch.item import BatchProgress
from ai_lib.errors import ConfigurationError

__all__ = ["progress_reporter"]


def progress_reporter(
    progress: bool | Callable[[BatchProgress], None], total: int | None
) -> tuple[Callable[[BatchProgress], None], Callable[[], None]]:
    """Return a function to call with each progress (the user's, one that shows a bar, or no-op), and one for the end.

    Raises:
        ConfigurationError: A bar was requested and tqdm is not installed.
    """
    if callable(progress):
        return progress, lambda: None
    if not progress:
        return (lambda _: None), (lambda: None)
    try:
        from tqdm.auto import tqdm
    except ImportError as exc:
        raise ConfigurationError(
            "progress=True needs the package tqdm: pip install ai-lib[progress]; "
            "or pass a function that takes a BatchProgress"
        ) from exc
    bar: Any = tqdm(total=total, unit="request")

    def show(progress: BatchProgress) -> None:
        unknown = f" + {progress.unknown_costs} unknown" if progress.unknown_costs else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        bar.set_postfix_str(f"${progress.cost:.4f}{unknown}{failed}", refresh=False)
        bar.update(progress.done - bar.n)

    return show, bar.close
