"""Translates the exceptions of requests, urllib3 and the socket into errors of this library, in one place."""

from __future__ import annotations

import http.client
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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
from ai_lib.transport.limits import LimitedExchange, LimitReached

__all__ = ["FOREIGN", "map_failures", "timeout_error", "translate", "unusable_request"]

_TIMEOUTS = {
    "connect_timeout": "no connection",
    "first_byte_timeout": "no response",
    "idle_timeout": "silence in the middle of the response",
    "total_timeout": "the call exceeded its total timeout",
}
_TIMEOUT_HINTS = {
    "connect_timeout": "Check that the host is reachable from here (firewall, VPN, proxy)",
    "first_byte_timeout": "Raise Timeout(first_byte=...) for models that reason for long, or use stream()",
    "idle_timeout": "Raise Timeout(idle=...), or try again",
    "total_timeout": "Raise timeout=, or request less",
}

FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported,
    http.client.HTTPException,
    OSError,
)
_Error = TransportError | ConfigurationError | InvalidResponseError


@contextmanager
def map_failures(url: str, exchange: LimitedExchange) -> Iterator[None]:
    """Translate exceptions of the libraries below into errors that name the layer, the host and the next step."""
    try:
        yield
    except FOREIGN as exc:
        exchange.limits.add_time()
        raise translate(exc, url, exchange) from exc


def translate(exc: BaseException, url: str, exchange: LimitedExchange) -> AiLibError:
    """Return the error for an exception that ended an exchange, to be raised from it."""
    chain = list(_causes(exc))
    for cause in chain:
        # urllib3's frames hold the exception that they raise, and with it, in a circle, the frames of the whole call: a
        # stream that is opened by a later attempt would keep its connection until the garbage is collected.
        traceback.clear_frames(cause.__traceback__)
        if isinstance(cause, requests.RequestException):
            cause.request = cause.response = None  # its headers hold the key, and tracebacks end up in logs
    if exchange.aborted:
        return CancelledError("the call was cancelled")
    # The last rows of the table cover all of `FOREIGN`, so there always is a row.
    error = next(make(cause, _host(url)) for kinds, make in _TABLE for cause in chain if isinstance(cause, kinds))
    error.ambiguous = exchange.response is not None and isinstance(error, TransportError)
    return error


def unusable_request(url: str) -> ConfigurationError:
    """Return the error for a request that http.client refuses to send."""
    return ConfigurationError(
        f"the request to {_host(url)} cannot be sent: a character in the address or in a header is not allowed",
        code="unusable_request",
    )


def timeout_error(code: str, host: str, seconds: float | None = None) -> RequestTimeoutError:
    """Return the error for a time limit that expired.

    Args:
        code: Which limit: a name of `Timeout` with "_timeout".
        host: The host and port of the server.
        seconds: The limit, or None if it is unknown.
    """
    after = f" after {seconds:g} s" if seconds is not None else ""
    return RequestTimeoutError(
        f"{host}: {_TIMEOUTS[code]}{after} ({code})",
        code=code,
        hint=_TIMEOUT_HINTS[code],
        retryable=code == "connect_timeout",
    )


def _make(error: type[_Error], message: str, **details: Any) -> Callable[[BaseException, str], _Error]:
    return lambda cause, host: error(message.format(host=host, reason=_reason(cause)), **details)


def _time_out(code: str) -> Callable[[BaseException, str], _Error]:
    return lambda cause, host: (
        timeout_error(cause.code, host, cause.seconds)
        if isinstance(cause, LimitReached)
        else timeout_error(code, host)  # a limit of urllib3, such as the connect timeout through a SOCKS proxy
    )


_requests, _urllib3 = requests.exceptions, urllib3.exceptions
_Kinds = type[BaseException] | tuple[type[BaseException], ...]

# The exceptions of the libraries and the socket, most specific first: the first row that fits any exception in the
# chain of causes makes the error.
_TABLE: tuple[tuple[_Kinds, Callable[[BaseException, str], _Error]], ...] = (
    (LimitReached, _time_out("total_timeout")),
    (
        (_urllib3.DecodeError, _requests.ContentDecodingError),
        _make(
            InvalidResponseError,
            "{host} sent a body that cannot be decompressed",
            code="bad_encoding",
            hint="A proxy in between may have changed the response; try without it",
        ),
    ),
    (
        (_urllib3.ProxyError, _requests.ProxyError),
        _make(ProxyError, "cannot connect through the proxy to {host}{reason}"),
    ),
    ((_urllib3.NameResolutionError, socket.gaierror), _make(DNSError, "cannot resolve {host}{reason}")),
    (
        (_urllib3.SSLError, _requests.SSLError, ssl.SSLError),
        _make(TLSError, "no secure connection to {host}{reason}"),
    ),
    (ConnectionRefusedError, _make(ConnectError, "{host} refuses the connection{reason}")),
    (_urllib3.NewConnectionError, _make(ConnectError, "cannot connect to {host}{reason}")),
    ((_urllib3.ConnectTimeoutError, _requests.ConnectTimeout), _time_out("connect_timeout")),
    ((_urllib3.TimeoutError, _requests.Timeout, TimeoutError), _time_out("first_byte_timeout")),
    (ConnectionResetError, _make(ConnectionLostError, "{host} reset the connection{reason}")),
    (BrokenPipeError, _make(ConnectionLostError, "{host} closed the connection{reason}")),
    (http.client.IncompleteRead, _make(ConnectionLostError, "the response of {host} was cut off{reason}")),
    (
        (
            _requests.InvalidURL,
            _requests.InvalidSchema,
            _requests.MissingSchema,
            _urllib3.LocationValueError,
            _urllib3.ProxySchemeUnsupported,
            http.client.InvalidURL,
        ),
        _make(
            ConfigurationError,
            "the request to {host} cannot be sent{reason}",
            code="unusable_address",
            hint="Check base_url= and proxy=",
        ),
    ),
    (
        (http.client.HTTPException, _urllib3.InvalidHeader, _requests.InvalidHeader),
        _make(
            InvalidResponseError,
            "{host} does not answer in HTTP{reason}",
            code="not_http",
            hint="Check the base URL's port, and whether it is http:// or https://",
        ),
    ),
    (
        (_urllib3.ProtocolError, _requests.ChunkedEncodingError),
        _make(ConnectionLostError, "{host} closed the connection before the response was complete{reason}"),
    ),
    ((OSError, _urllib3.HTTPError), _make(NetworkError, "the exchange with {host} failed{reason}")),
)


def _host(url: str) -> str:
    """Return host and port. Not `urlsplit`, which raises an error for an invalid URL."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps: causes, contexts, urllib3's reasons, exceptions in its arguments."""
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
    """Return the message of the operating system or OpenSSL, without addresses of objects."""
    text = (
        cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause.args[-1] if cause.args else "")
    )
    text = text.partition("(_ssl.c")[0].partition(">: ")[-1] or text.partition("(_ssl.c")[0]
    return f": {text.strip()}" if text.strip() and " at 0x" not in text else ""
