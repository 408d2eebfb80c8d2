"""What the test kit raises when a test and the code under test do not fit together."""

from __future__ import annotations

__all__ = ["NetworkBlockedError", "UnexpectedRequestError"]


class UnexpectedRequestError(AssertionError):
    """A request came that the script, or the cassette, has no answer for.

    It is an AssertionError and no error of the library's, so that nothing which catches those, to retry or to ask
    another provider, hides it.
    """


class NetworkBlockedError(AssertionError):
    """Something tried to leave this machine in a test that forbids it."""
