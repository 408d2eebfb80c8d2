"""The failures of requests, urllib3 and the socket as our errors, in one place."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.exceptions import NameResolutionError

from ai_lib.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DNSError,
    InvalidResponseError,
    NetworkError,
    ProxyError,
    RequestTimeoutError,
    TLSError,
    TransportError,
)
from ai_lib.transport.limits import LimitReached

__all__ = ["FOREIGN", "mapped_failures", "timeout_error", "translated"]

_TIMEOUTS = {
    "connect_timeout": "no connection",
    "first_byte_timeout": "no answer",
    "idle_timeout": "silence in the middle of the answer",
    "total_timeout": "the call was not over",
}
_TIMEOUT_HINTS = {
    "connect_timeout": "Check that the host is reachable from here (firewall, VPN, proxy)",
    "first_byte_timeout": "Raise Timeout(first_byte=...) for models that think long, or use stream()",
    "idle_timeout": "Raise Timeout(idle=...), or try again",
    "total_timeout": "Raise timeout=, or ask for less",
}

# What urllib3 and the socket raise, most telling first; the first class found in the chain of causes decides.
_TABLE: tuple[tuple[type[BaseException], type[NetworkError], str], ...] = (
    (urllib3.exceptions.ProxyError, ProxyError, "cannot connect through the proxy to {host}"),
    (requests.exceptions.ProxyError, ProxyError, "cannot connect through the proxy to {host}"),
    (NameResolutionError, DNSError, "cannot resolve {host}"),
    (socket.gaierror, DNSError, "cannot resolve {host}"),
    (urllib3.exceptions.SSLError, TLSError, "no secure connection to {host}"),
    (requests.exceptions.SSLError, TLSError, "no secure connection to {host}"),
    (ConnectionRefusedError, ConnectError, "{host} refuses the connection"),
    (urllib3.exceptions.NewConnectionError, ConnectError, "cannot connect to {host}"),
    (ConnectionResetError, ConnectionLostError, "{host} reset the connection"),
    (BrokenPipeError, ConnectionLostError, "{host} closed the connection"),
    (urllib3.exceptions.IncompleteRead, ConnectionLostError, "the answer of {host} was cut off"),
    (urllib3.exceptions.ProtocolError, ConnectionLostError, "{host} closed the connection before the answer was whole"),
    (OSError, NetworkError, "the connection to {host} failed"),
)
FOREIGN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@contextmanager
def mapped_failures(url: str) -> Iterator[None]:
    """Turn what the libraries below raise into `TransportError`s that name the layer, the host and the next step."""
    try:
        yield
    except FOREIGN as exc:
        raise translated(exc, url) from exc


def translated(exc: BaseException, url: str) -> TransportError | ConfigurationError | InvalidResponseError:
    """Return our error for one of theirs, to be raised from it."""
    _take_off_requests(exc)
    return _mapped(exc, urlsplit(url).netloc.rpartition("@")[2])


def _mapped(exc: BaseException, host: str) -> TransportError | ConfigurationError | InvalidResponseError:
    chain = list(_causes(exc))
    for cause in chain:
        if isinstance(cause, LimitReached):
            return timeout_error(cause.code, host, cause.seconds)
    if any(isinstance(cause, urllib3.exceptions.DecodeError) for cause in chain):
        return InvalidResponseError(f"{host} sent a body that cannot be decompressed", code="bad_encoding")
    # Before the table: urllib3's ConnectTimeoutError is also what a refused connection through a proxy may wrap.
    if isinstance(exc, requests.ConnectTimeout) or any(type(c) is urllib3.exceptions.ConnectTimeoutError for c in chain):
        return timeout_error("connect_timeout", host)
    if isinstance(exc, _UNUSABLE):
        return ConfigurationError(f"the request to {host} cannot be made: {exc}", code="unusable_address")
    for kind, error, text in _TABLE:
        for cause in chain:
            if isinstance(cause, kind):
                return error(f"{text.format(host=host)}{_reason(cause)}")
    if any(isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError) for cause in chain):
        return timeout_error("first_byte_timeout", host)
    return NetworkError(f"the exchange with {host} failed ({type(exc).__name__})")


_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
)


def timeout_error(code: str, host: str, seconds: float | None = None) -> RequestTimeoutError:
    """Return the error for a limit of time that ran out."""
    after = f" after {seconds:g} s" if seconds is not None else ""
    return RequestTimeoutError(
        f"{host}: {_TIMEOUTS[code]}{after} ({code})",
        code=code,
        hint=_TIMEOUT_HINTS[code],
        retryable=code == "connect_timeout",
    )


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps: causes, contexts, urllib3's reasons, exceptions among its arguments."""
    seen: set[int] = set()
    queue: list[BaseException | None] = [exc]
    while queue:
        current = queue.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [argument for argument in current.args if isinstance(argument, BaseException)]
        reason = getattr(current, "reason", None)
        queue += [reason if isinstance(reason, BaseException) else None]
        queue += [getattr(current, "original_error", None), current.__cause__, current.__context__]


def _reason(cause: BaseException) -> str:
    """Return the operating system's or OpenSSL's words, without addresses of objects."""
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause.args[-1] if cause.args else "")
    text = text.partition("(_ssl.c")[0].partition(">: ")[-1] or text.partition("(_ssl.c")[0]
    return f": {text.strip()}" if text.strip() and " at 0x" not in text else ""


def _take_off_requests(exc: BaseException) -> None:
    """Take the request off requests' exceptions: its headers hold the key, and tracebacks end up in logs."""
    for cause in _causes(exc):
        if isinstance(cause, requests.RequestException):
            cause.request = cause.response = None
