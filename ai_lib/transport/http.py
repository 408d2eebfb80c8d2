"""The default transport: a `requests.Session`, used at the level where its work is not repeated for every call.

`HTTPAdapter.send` with a ready `PreparedRequest` does all that a call to a model needs (pooling, TLS, proxies) at
about half the cost of `Session.post`, which on every call reads the environment and ~/.netrc, merges headers and
cookies, and follows redirects: all things that must not happen here. The `responses` library mocks it as usual.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ai_lib.errors import AiLibError, CancelledError, ConfigurationError, InvalidResponseError
from ai_lib.transport.failures import FOREIGN, mapped_failures, translated
from ai_lib.transport.limits import POOL_CLASSES, Limits, limited
from ai_lib.transport.proxies import ProxyRules, ca_bundle
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["HttpTransport"]

# 64 MiB: an answer of a million tokens with log probabilities stays below; a runaway server does not fill the memory.
MAX_BODY = 64 * 1024 * 1024
_READ = 65536
# After the last event servers close the body at once, mostly in the same packet; one that keeps it open loses its connection.
_FINISH_SECONDS = 0.05


class _Adapter(HTTPAdapter):
    """requests' adapter with our connection pools, no retries and no cookies."""

    def __init__(self, pool_size: int) -> None:
        # Retries live in one place, and it is not here.
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        return response


class _Stream:
    """A response whose body is still coming."""

    def __init__(self, response: requests.Response, url: str, limits: Limits) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw: urllib3.HTTPResponse = response.raw
        self._url = url
        self._limits = limits
        self._cancelled = False
        self._closed = False
        # Both give each piece the moment it is there. `stream` is the cheaper one, but only for chunked bodies.
        self._pieces: Iterator[bytes] = (
            self._raw.stream(None, decode_content=True) if self._raw.chunked else iter(self._read1, b"")
        )
        # Held while a read waits on the socket; tells `cancel` whether it may close the socket itself.
        self._reading = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._next, b"")

    def _next(self) -> bytes:
        """Return the next piece, or b"" at the end."""
        with self._reading:
            if self._cancelled:
                raise self._was_cancelled()
            if self._closed:
                return b""
            try:
                data = next(self._pieces, b"")
            except FOREIGN as exc:
                self._free()
                if self._cancelled:
                    raise self._was_cancelled() from None
                raise translated(exc, self._url) from exc
            if self._cancelled:
                raise self._was_cancelled()
            return data

    def _was_cancelled(self) -> CancelledError:
        self._free()
        return CancelledError("the stream was cancelled")

    def _read1(self) -> bytes:
        return self._raw.read1(_READ, decode_content=True) or b""

    def read_all(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            InvalidResponseError: It is longer than the limit.
        """
        with mapped_failures(self._url):
            body = self._raw.read(limit + 1, decode_content=True)
        if len(body) > limit:
            self.close()
            raise InvalidResponseError(
                f"the answer is longer than {limit} bytes", code="body_too_large", status=self.status
            )
        return body

    def finish(self) -> None:
        self._limits.shorten(_FINISH_SECONDS)
        with suppress(AiLibError):  # everything has been delivered: the worst is one connection less to reuse
            self._next()
            self._next()
        self._free()

    def cancel(self) -> None:
        self._cancelled = True
        if self._reading.acquire(blocking=False):
            try:
                self._free()
            finally:
                self._reading.release()
            return
        try:
            self._raw.shutdown()  # wakes the read; the thread that reads frees the connection
        except (ValueError, RuntimeError, OSError):
            return  # the body has just ended, or the response is a mock without a socket

    def close(self) -> None:
        # Not `_free` at once: closing a file object in which another thread reads would wait for that read to end.
        self.cancel()

    def _free(self) -> None:
        if not self._closed:
            self._closed = True
            self._raw.close()


class HttpTransport:
    """Sends requests through `requests`.

    Redirects are never followed, ~/.netrc is never read, cookies are never kept. Safe to share between threads, usable
    after a fork, and picklable.

    Args:
        proxy: A proxy for every request; None means AI_PROXY_URL or the standard variables, with NO_PROXY.
        disable_proxy: Use no proxy, whatever the environment says.
        verify: True, a CA file or folder, or False to trust anybody; True also obeys REQUESTS_CA_BUNDLE and SSL_CERT_FILE.
        cert: A client certificate: one file, or (certificate, key).
        pool_size: Connections to keep open for each host; give it as many as there are threads.
        clock: The time.

    Raises:
        ConfigurationError: The CA file or the certificate does not exist, or `proxy` is malformed.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        disable_proxy: bool = False,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = 64,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if isinstance(pool_size, bool) or not isinstance(pool_size, int) or pool_size < 1:
            raise ConfigurationError(f"pool_size must be a whole number from 1, got {pool_size!r}")
        for file in (cert,) if isinstance(cert, str) else cert or ():
            if not os.path.exists(file):
                raise ConfigurationError(f"the client certificate file does not exist: {file}", code="missing_cert_file")
        self._settings = {
            "proxy": proxy,
            "disable_proxy": disable_proxy,
            "verify": verify,
            "cert": cert,
            "pool_size": pool_size,
            "clock": clock,
        }
        self._rules = ProxyRules(proxy, disable_proxy)
        if proxy is not None:
            self._rules.proxies_for("https://check.invalid")
        self._verify = ca_bundle(verify)
        self._cert = cert
        self._pool_size = pool_size
        self._clock = clock
        self._owned: tuple[int, requests.Session] | None = None
        self._left_behind: list[requests.Session] = []
        self._routes: dict[str, dict[str, str]] = {}

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response.

        Raises:
            TransportError: It did not get through.
        """
        stream = self.stream(request)
        body = stream.read_all(MAX_BODY)
        stream.close()
        return HttpResponse(status=stream.status, headers=stream.headers, body=body, received_at=self._clock.wall())

    def stream(self, request: HttpRequest) -> _Stream:
        """Send a request and return once the response's headers are in.

        Raises:
            TransportError: It did not get through.
        """
        limits = Limits(request.timeout, request.deadline, self._clock)
        with mapped_failures(request.url):
            connect = limits.connect()
            read, _, _ = limits.before_read()
            with limited(limits):
                response = self._session().get_adapter(request.url).send(
                    _prepared(request),
                    stream=True,
                    timeout=urllib3.Timeout(connect=connect, read=read),
                    verify=self._verify,
                    cert=self._cert,
                    proxies=self._proxies_for(request.url),
                )
        return _Stream(response, request.url, limits)

    def close(self) -> None:
        """Close the connections that are not in use; a later call opens new ones."""
        owned, self._owned = self._owned, None
        if owned is not None and owned[0] == os.getpid():
            owned[1].close()

    def _session(self) -> requests.Session:
        owned, pid = self._owned, os.getpid()
        if owned is None or owned[0] != pid:
            # A fork copies sockets that belong to the parent, and locks in any state: leave both alone and start
            # anew. No lock of our own is involved; of two threads that get here at once, one session is dropped.
            if owned is not None:
                self._left_behind.append(owned[1])
            session = requests.Session()
            session.trust_env = False
            adapter = _Adapter(self._pool_size)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._owned = owned = (pid, session)
        return owned[1]

    def _proxies_for(self, url: str) -> dict[str, str]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        proxies = self._routes.get(origin)
        if proxies is None:
            proxies = self._routes[origin] = self._rules.proxies_for(url)
        return proxies

    def __getstate__(self) -> dict[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(**settings)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._rules!r}, verify={self._verify!r}, pool_size={self._pool_size})"


def _prepared(request: HttpRequest) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = request.url
    headers: Any = dict(request.headers)
    headers.setdefault("User-Agent", _USER_AGENT)
    headers.setdefault("Accept-Encoding", "gzip, deflate")
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    prepared.headers = headers
    prepared.body = request.body
    prepared.hooks = {}
    return prepared


_USER_AGENT = "ai-lib-python"
