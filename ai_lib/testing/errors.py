"""Errors of the test kit: the test and the code under test do not fit together."""

from __future__ import annotations

__all__ = ["NetworkBlockedError", "UnexpectedRequestError"]


class UnexpectedRequestError(AssertionError):
    """A request for which the script, or the cassette, has no answer.

    An AssertionError and not an AiLibError, so that code which catches those, to retry or to call another provider,
    does not hide it.
    """


class NetworkBlockedError(AssertionError):
    """A connection to another machine in a test that forbids it."""
