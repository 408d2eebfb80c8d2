"""Where the state of a rate limit is kept: in the process, or where several processes or hosts share it."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["LimitStore", "StoreUnavailableError"]


class StoreUnavailableError(Exception):
    """The store cannot be reached just now; the limiter goes on with a state of its own."""


class LimitStore(Protocol):
    """Keeps the state of rate limits."""

    def apply(self, key: str, buckets: Any, operation: str, *arguments: Any) -> Any:
        """Do one of the operations of `ai_lib.reliability.bucket` in one step that nothing comes between.

        Args:
            key: Whose limit.
            buckets: The limit's numbers, a `bucket.Buckets`.
            operation: The operation's name.
            arguments: Its arguments, after buckets, state and time.

        Raises:
            StoreUnavailableError: It cannot be done just now.
        """
