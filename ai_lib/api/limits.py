"""The protocol of stores that keep the state of rate limits: in the process, or shared by processes and hosts."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["LimitStore", "StoreUnavailableError"]


class StoreUnavailableError(Exception):
    """The store cannot be reached now; the limiter continues with a state in its own process."""


class LimitStore(Protocol):
    """Keeps the state of rate limits."""

    def apply(self, key: str, buckets: Any, operation: str, *arguments: Any) -> Any:
        """Perform an operation atomically and return its result; see `ai_lib.reliability.bucket.BucketState.apply`.

        Args:
            key: Identifies the limit.
            buckets: The limit's numbers, a `bucket.Buckets`.
            operation: The name of the operation.
            arguments: Its arguments.

        Raises:
            StoreUnavailableError: The store cannot be reached now.
        """
