"""The error monitor: alerts when calls fail too often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import attrs

from ai_lib.errors import AiLibError, CancelledError
from ai_lib.reliability.validators import POSITIVE_SECONDS, integer, number
from ai_lib.reliability.window import Window
from ai_lib.utils.clock import Clock

__all__ = ["ErrorAlert", "ErrorMonitor", "ErrorThresholds"]

_logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class ErrorThresholds:
    """When there are too many failures.

    Args:
        error_rate: Fraction of the calls in the window that failed; greater than 0, at most 1.
        consecutive: Consecutive failures; a positive integer.
        window: Length of the window in seconds.
        min_calls: Calls in the window below which a rate means nothing; a positive integer.
        on_alert: Called once when a threshold is reached, and again only after the failures have been below it for
            a window. What it raises is logged and not propagated. None logs a warning.
    """

    error_rate: float = attrs.field(
        default=0.10, validator=number("a number > 0 and at most 1", lambda value: 0 < value <= 1)
    )
    consecutive: int = attrs.field(default=5, validator=integer(1))
    window: float = attrs.field(default=60.0, validator=POSITIVE_SECONDS)
    min_calls: int = attrs.field(default=10, validator=integer(1))
    on_alert: Callable[[ErrorAlert], None] | None = None


@attrs.frozen(kw_only=True)
class ErrorAlert:
    """An alert of a monitor.

    Args:
        reason: The threshold that was reached: "error_rate" or "consecutive".
        provider: The provider of the last call.
        calls: Calls in the window.
        failures: Failed calls in the window.
        consecutive: Failures since the last success.
        last_error: What the last call raised.
    """

    reason: str
    provider: str
    calls: int
    failures: int
    consecutive: int
    last_error: AiLibError

    @property
    def error_rate(self) -> float:
        """The fraction of the calls that failed."""
        return self.failures / self.calls if self.calls else 0.0


class ErrorMonitor:
    """Counts the calls of a client in one process, and alerts when too many fail."""

    def __init__(self, thresholds: ErrorThresholds, provider: str, clock: Clock) -> None:
        self._thresholds = thresholds
        self._provider = provider
        self._clock = clock
        self._window = Window(thresholds.window)
        self._consecutive = 0
        self._crossed_at: dict[str, float] = {}
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def record_success(self) -> None:
        """Count a call that succeeded."""
        with self._lock:
            self._window.add(self._clock.now(), failed=False)
            self._consecutive = 0

    def record_failure(self, error: AiLibError) -> None:
        """Count a call that failed, and alert if a threshold is reached. A cancelled call is not a failure."""
        if isinstance(error, CancelledError):
            return
        now, limits = self._clock.now(), self._thresholds
        with self._lock:
            self._window.add(now, failed=True)
            self._consecutive += 1
            calls, failures = self._window.counts(now)
            conditions = {
                "consecutive": self._consecutive >= limits.consecutive,
                "error_rate": calls >= limits.min_calls and failures >= limits.error_rate * calls,
            }
            crossed = [reason for reason, is_crossed in conditions.items() if is_crossed]
            due = [reason for reason in crossed if now - self._crossed_at.get(reason, float("-inf")) >= limits.window]
            # One alert while it lasts: each further failure postpones the next one.
            self._crossed_at.update(dict.fromkeys(crossed, now))
            consecutive = self._consecutive
        # Outside the lock: the callback is the user's.
        on_alert = limits.on_alert or _log
        for reason in due:
            alert = ErrorAlert(
                reason=reason, provider=self._provider, calls=calls, failures=failures, consecutive=consecutive,
                last_error=error,
            )  # fmt: skip
            try:
                on_alert(alert)
            except Exception:
                _logger.exception("on_alert raised")


def _log(alert: ErrorAlert) -> None:
    _logger.warning(
        "%s: %d of the last %d calls failed, %d in a row; last: %s",
        alert.provider, alert.failures, alert.calls, alert.consecutive, alert.last_error,
    )  # fmt: skip
