"""One JSON line for each call, through the standard library's logging."""

from __future__ import annotations

import logging

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.metrics.record import to_dict
from ai_lib.utils import json

__all__ = ["JsonLog"]


class JsonLog:
    """Logs each call when it has ended, as one line of JSON.

    Args:
        logger: Where lines go; None means `logging.getLogger("ai_lib.calls")`.
        level: The level of every line.
        content: Whether to log prompts and answers, with what looks like a key masked.
    """

    def __init__(
        self, logger: logging.Logger | None = None, *, level: int = logging.INFO, content: bool = False
    ) -> None:
        self._logger = logging.getLogger("ai_lib.calls") if logger is None else logger
        self._level = level
        self._content = content

    def call_started(self, start: CallStart) -> EndCallback:  # noqa: ARG002 - calls are logged when they have ended
        """Return the function that logs the call."""
        return self._log

    def _log(self, record: CallRecord) -> None:
        if self._logger.isEnabledFor(self._level):
            self._logger.log(self._level, "%s", json.dumps(to_dict(record, content=self._content)).decode())
