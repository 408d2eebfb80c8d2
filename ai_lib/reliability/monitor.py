"""Watches how often calls fail, and says so when it is too often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import attrs

from ai_lib.errors import AiLibError, CancelledError, ConfigurationError
from ai_lib.reliability.window import Window
from ai_lib.utils.clock import Clock
from ai_lib.utils.process import PerProcess

__all__ = ["ErrorAlert", "ErrorMonitor", "ErrorThresholds"]

_logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class ErrorThresholds:
    """When failures are too many.

    Args:
        error_rate: The part of the calls in the window that failed, from 0 to 1.
        consecutive: Calls that failed one after the other.
        window: Seconds.
        min_calls: Calls in the window below which a rate means nothing.
        on_alert: Called once when a threshold is reached, and again only after the failures have been below it for
            a window. What it raises is logged and goes no further.
    """

    error_rate: float = 0.10
    consecutive: int = 5
    window: float = 60.0
    min_calls: int = 10
    on_alert: Callable[[ErrorAlert], None] | None = None

    def __attrs_post_init__(self) -> None:
        if not 0 < self.error_rate <= 1 or self.consecutive < 1 or not self.window > 0 or self.min_calls < 1:
            raise ConfigurationError(
                "error_rate must be above 0 and at most 1, consecutive and min_calls from 1, window above 0"
            )


@attrs.frozen(kw_only=True)
class ErrorAlert:
    """What a monitor tells.

    Args:
        reason: "error_rate" or "consecutive".
        provider: The provider of the last call.
        calls: Calls in the window.
        failures: Those of them that failed.
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
        """The part of the calls that failed."""
        return self.failures / self.calls if self.calls else 0.0


class _Counts:
    def __init__(self, window: float) -> None:
        self.lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs
        self.window = Window(window)
        self.consecutive = 0
        self.alerted: dict[str, float] = {}


class ErrorMonitor:
    """Counts the calls of a client. Without `on_alert` an alert is a warning in the log.

    Args:
        thresholds: When to alert.
        provider: The provider's id.
        clock: The time.
    """

    def __init__(self, thresholds: ErrorThresholds, provider: str, clock: Clock) -> None:
        self._thresholds = thresholds
        self._provider = provider
        self._clock = clock
        self._counts: PerProcess[_Counts] = PerProcess(lambda: _Counts(thresholds.window))

    def record_success(self) -> None:
        """Count a call that went well."""
        counts = self._counts()
        with counts.lock:
            counts.window.add(self._clock.now(), failed=False)
            counts.consecutive = 0

    def record_failure(self, error: AiLibError) -> None:
        """Count a call that failed, and alert where that is one too many. A cancelled call is no failure."""
        if isinstance(error, CancelledError):
            return
        alerts = self._alerts(error)
        for alert in alerts:
            self._tell(alert)

    def _alerts(self, error: AiLibError) -> list[ErrorAlert]:
        now, counts, limits = self._clock.now(), self._counts(), self._thresholds
        with counts.lock:
            counts.window.add(now, failed=True)
            counts.consecutive += 1
            calls, failures = counts.window.counts(now)
            crossed = {
                "consecutive": counts.consecutive >= limits.consecutive,
                "error_rate": calls >= limits.min_calls and failures >= limits.error_rate * calls,
            }
            due = [
                reason
                for reason, is_crossed in crossed.items()
                if is_crossed and now - counts.alerted.get(reason, float("-inf")) >= limits.window
            ]
            # Told once while it lasts: each further failure puts the next alert off.
            counts.alerted.update({reason: now for reason, is_crossed in crossed.items() if is_crossed})
            alert = ErrorAlert(
                reason="",
                provider=self._provider,
                calls=calls,
                failures=failures,
                consecutive=counts.consecutive,
                last_error=error,
            )
            return [attrs.evolve(alert, reason=reason) for reason in due]

    def _tell(self, alert: ErrorAlert) -> None:
        if self._thresholds.on_alert is None:
            _logger.warning(
                "%s: %d of the last %d calls failed, %d in a row; last: %s",
                alert.provider, alert.failures, alert.calls, alert.consecutive, alert.last_error,
            )  # fmt: skip
            return
        try:
            self._thresholds.on_alert(alert)
        except Exception:
            _logger.exception("on_alert raised")
