"""HTTP requests and responses: what a transport sends and returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping

import attrs

from ai_lib.errors import ConfigurationError

__all__ = ["HttpRequest", "HttpResponse", "Timeout"]


def _positive(_: object, field: attrs.Attribute[float], value: float | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(f"timeout {field.name} must be a number of seconds > 0 or None, got {value!r}")


@attrs.frozen
class Timeout:
    """Four time limits in seconds, > 0; others raise `ConfigurationError`. None means no limit.

    Args:
        connect: Maximum time to connect to the server.
        first_byte: Maximum time from the request to the first byte; 5 minutes leave a reasoning model time to think.
        idle: Maximum time between two bytes of the response, and between two events of a stream (not comments).
        total: Maximum time of the whole call, including retries, their waits, and a stream to its end.
    """

    connect: float | None = attrs.field(default=10.0, validator=_positive)
    first_byte: float | None = attrs.field(default=300.0, validator=_positive)
    idle: float | None = attrs.field(default=120.0, validator=_positive)
    total: float | None = attrs.field(default=600.0, validator=_positive)


@attrs.frozen(kw_only=True)
class HttpRequest:
    """One HTTP request.

    Args:
        method: "GET" or "POST".
        url: The complete URL.
        headers: The headers, including the API key.
        body: The bytes to send, or None.
        timeout: The time limits of this attempt.
        deadline: When the whole call must have finished, on the clock of `time.monotonic`; None for no limit.
        timings: A mapping to which the transport adds the seconds of "connect", "first_byte" and "body".
        on_start: Called once the exchange can be interrupted, with a function that aborts it from any thread. A
            transport that cannot be interrupted need not call it.
    """

    method: str = "POST"
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    timeout: Timeout = Timeout()
    deadline: float | None = None
    timings: MutableMapping[str, float] | None = attrs.field(default=None, repr=False, eq=False)
    on_start: Callable[[Callable[[], None]], None] | None = attrs.field(default=None, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class HttpResponse:
    """One complete HTTP response.

    Args:
        status: The status code.
        headers: The headers; either look-ups ignore case, or the names are in lower case.
        body: The decompressed content.
        received_at: When it arrived, in seconds since 1970; None if the transport does not record it.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)
    received_at: float | None = None
