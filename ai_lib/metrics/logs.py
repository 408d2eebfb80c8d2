"""One JSON line for each call, through the standard library's logging."""

from __future__ import annotations

import logging

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.metrics.json_record import facts_of
from ai_lib.utils import json

__all__ = ["JsonLog"]


class JsonLog:
    """Logs each call when it is over, as one line of JSON.

    Args:
        logger: Where lines go; None means `logging.getLogger("ai_lib.calls")`.
        level: The level of every line.
        content: Log what was asked and answered as well, without what looks like a key.
    """

    def __init__(
        self, logger: logging.Logger | None = None, *, level: int = logging.INFO, content: bool = False
    ) -> None:
        self._logger = logging.getLogger("ai_lib.calls") if logger is None else logger
        self._level = level
        self._content = content

    def call_started(self, start: CallStart) -> EndCallback:  # noqa: ARG002 - nothing is logged of what has not ended
        """Return what logs the call."""
        return self._ended

    def _ended(self, record: CallRecord) -> None:
        if self._logger.isEnabledFor(self._level):
            self._logger.log(self._level, "%s", json.dumps(facts_of(record, content=self._content)).decode())
