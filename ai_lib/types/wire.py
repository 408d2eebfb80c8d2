"""Envelopes: what goes to a transport and what comes back."""

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
        raise ConfigurationError(f"timeout {field.name} must be a number of seconds above 0 or None, got {value!r}")


@attrs.frozen
class Timeout:
    """Four limits of time, in seconds; None means no limit.

    Args:
        connect: To reach the server.
        first_byte: From the request to the first byte of the answer.
        idle: Between two bytes of the answer, and between two events of a stream; a comment is not an event.
        total: For the whole call: retries and their waits, the body, and a stream to its end.
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
        url: The whole address.
        headers: The headers, the key among them.
        body: The bytes to send, or None.
        timeout: The limits of this attempt.
        deadline: When the whole call must be over, on the clock of `time.monotonic`; None for no limit.
        timings: Where the transport adds the seconds that "connect", "first_byte" and "body" took; None skips that.
        on_start: Given a function that ends the exchange from any thread, once there is something to end. A transport
            that cannot be interrupted need not call it.
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
    """One HTTP response, read to its end.

    Args:
        status: The status code.
        headers: The headers; look-ups ignore case, or the names are in lower case.
        body: The content, decompressed.
        received_at: When it came, in seconds since 1970; None where the transport does not tell.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)
    received_at: float | None = None
