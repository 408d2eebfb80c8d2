"""The failures of requests, urllib3 and the socket as our errors, in one place."""

from __future__ import annotations

import http.client
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
import urllib3

from ai_lib.errors import (
    AiLibError,
    CancelledError,
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
from ai_lib.transport.limits import LimitReached, limited

__all__ = ["FOREIGN", "failed", "mapped_failures", "timeout_error", "translated", "unusable_request"]

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

FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported,
    http.client.HTTPException,
    OSError,
)
Ours = TransportError | ConfigurationError | InvalidResponseError


@contextmanager
def mapped_failures(url: str, exchange: limited) -> Iterator[None]:
    """Turn what the libraries below raise into errors of ours that name the layer, the host and the next step."""
    try:
        yield
    except FOREIGN as exc:
        exchange.limits.note()
        raise failed(exc, url, exchange) from exc


def failed(exc: BaseException, url: str, exchange: limited) -> AiLibError:
    """Return our error for what ended an exchange, with what the exchange knows of it."""
    if exchange.aborted:
        return CancelledError("the call was cancelled")
    error = translated(exc, url)
    error.ambiguous = exchange.answer is not None and isinstance(error, TransportError)
    return error


def unusable_request(url: str) -> ConfigurationError:
    """Return the error for what http.client refuses to send."""
    return ConfigurationError(
        f"the request to {_host(url)} cannot be made: a character in the address or in a header cannot be sent",
        code="unusable_request",
    )


def translated(exc: BaseException, url: str) -> Ours:
    """Return our error for one of theirs, to be raised from it."""
    chain = list(_causes(exc))
    for cause in chain:
        # urllib3's frames hold the error that they raise, and with it, in a circle, the frames of the whole call: a
        # stream that it gets at last would keep its connection until the garbage is collected.
        traceback.clear_frames(cause.__traceback__)
        if isinstance(cause, requests.RequestException):
            cause.request = cause.response = None  # its headers hold the key, and tracebacks end up in logs
    # `FOREIGN` ends in classes that the last rows of the table name, so there always is a row.
    return next(make(cause, _host(url)) for kinds, make in _TABLE for cause in chain if isinstance(cause, kinds))


def _network(error: type[NetworkError], text: str) -> Callable[[BaseException, str], Ours]:
    return lambda cause, host: error(f"{text.format(host=host)}{_reason(cause)}")


def _limit(code: str) -> Callable[[BaseException, str], Ours]:
    return lambda _, host: timeout_error(code, host)


def _reached(cause: BaseException, host: str) -> Ours:
    assert isinstance(cause, LimitReached)  # noqa: S101 - the table says so
    return timeout_error(cause.code, host, cause.seconds)


def _unusable(cause: BaseException, host: str) -> Ours:
    return ConfigurationError(
        f"the request to {host} cannot be made{_reason(cause)}",
        code="unusable_address",
        hint="Check base_url= and proxy=",
    )


def _undecodable(_: BaseException, host: str) -> Ours:
    return InvalidResponseError(
        f"{host} sent a body that cannot be decompressed",
        code="bad_encoding",
        hint="A proxy in between may have changed the answer; try without it",
    )


def _no_http(cause: BaseException, host: str) -> Ours:
    return InvalidResponseError(
        f"{host} does not answer in HTTP{_reason(cause)}",
        code="not_http",
        hint="Check the base URL's port, and whether it is http:// or https://",
    )


_requests, _urllib3 = requests.exceptions, urllib3.exceptions
_Kinds = type[BaseException] | tuple[type[BaseException], ...]

# What the libraries and the socket raise, most telling first: the first row that anything in the chain of causes
# fits makes the error.
_TABLE: tuple[tuple[_Kinds, Callable[[BaseException, str], Ours]], ...] = (
    (LimitReached, _reached),
    ((_urllib3.DecodeError, _requests.ContentDecodingError), _undecodable),
    ((_urllib3.ProxyError, _requests.ProxyError), _network(ProxyError, "cannot connect through the proxy to {host}")),
    ((_urllib3.NameResolutionError, socket.gaierror), _network(DNSError, "cannot resolve {host}")),
    ((_urllib3.SSLError, _requests.SSLError, ssl.SSLError), _network(TLSError, "no secure connection to {host}")),
    (ConnectionRefusedError, _network(ConnectError, "{host} refuses the connection")),
    (_urllib3.NewConnectionError, _network(ConnectError, "cannot connect to {host}")),
    ((_urllib3.ConnectTimeoutError, _requests.ConnectTimeout), _limit("connect_timeout")),
    ((_urllib3.TimeoutError, _requests.Timeout, TimeoutError), _limit("first_byte_timeout")),
    (ConnectionResetError, _network(ConnectionLostError, "{host} reset the connection")),
    (BrokenPipeError, _network(ConnectionLostError, "{host} closed the connection")),
    (http.client.IncompleteRead, _network(ConnectionLostError, "the answer of {host} was cut off")),
    (
        (
            _requests.InvalidURL,
            _requests.InvalidSchema,
            _requests.MissingSchema,
            _urllib3.LocationValueError,
            _urllib3.ProxySchemeUnsupported,
            http.client.InvalidURL,
        ),
        _unusable,
    ),
    ((http.client.HTTPException, _urllib3.InvalidHeader, _requests.InvalidHeader), _no_http),
    (
        (_urllib3.ProtocolError, _requests.ChunkedEncodingError),
        _network(ConnectionLostError, "{host} closed the connection before the answer was whole"),
    ),
    ((OSError, _urllib3.HTTPError), _network(NetworkError, "the exchange with {host} failed")),
)


def _host(url: str) -> str:
    """Return host and port. Not `urlsplit`, which raises for what is not a URL."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


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
    queue: list[object] = [exc]
    while queue:
        current = queue.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [*current.args, getattr(current, "reason", None), getattr(current, "original_error", None)]
        queue += [current.__cause__, current.__context__]


def _reason(cause: BaseException) -> str:
    """Return the operating system's or OpenSSL's words, without addresses of objects."""
    text = (
        cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause.args[-1] if cause.args else "")
    )
    text = text.partition("(_ssl.c")[0].partition(">: ")[-1] or text.partition("(_ssl.c")[0]
    return f": {text.strip()}" if text.strip() and " at 0x" not in text else ""
