"""The default transport: a `requests.Session`, used below the level where it repeats work for every call.

`HTTPAdapter.send` with a ready `PreparedRequest` does everything that a call to a model needs (pooling, TLS, proxies)
at about half the cost of `Session.post`, which on every call reads the environment and ~/.netrc, merges headers and
cookies, and follows redirects: all of which must not happen here. The `responses` library mocks it as usual.
"""

from __future__ import annotations

import os
from contextlib import suppress
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from ai_lib.errors import ConfigurationError, ConnectionLostError
from ai_lib.transport.failures import map_failures, unusable_request
from ai_lib.transport.limits import LimitedExchange, Limits, limit_pools
from ai_lib.transport.proxies import ProxyRules, ca_bundle
from ai_lib.transport.stream import Stream
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["HttpTransport"]

_USER_AGENT = "ai-lib-python"
# 64 MiB: a response of a million tokens with log probabilities fits, and a runaway server cannot fill the memory.
MAX_BODY = 64 * 1024 * 1024


class _Adapter(HTTPAdapter):
    """requests' adapter with our connection pools, no retries and no cookies."""

    def __init__(self, pool_size: int) -> None:
        # No retries here: the guard of a provider decides about them.
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        limit_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        limit_pools(manager)
        return manager

    def close(self) -> None:
        # Dropping a pool closes its connections only once no response refers to it, and a caller may keep a finished
        # stream for long. Not `pool.close()`: a call that has just chosen the pool would fail.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - not a dict: it refuses to be iterated
                pool = manager.pools.get(key)
                idle = pool.pool if pool is not None else None
                while idle is not None and not idle.empty():
                    with suppress(Empty):  # a call took it in between
                        connection = idle.get_nowait()
                        if connection is not None:
                            connection.close()
        super().close()

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        response.request = req  # the `responses` library reads it
        return response


class HttpTransport:
    """Sends requests through `requests`.

    Redirects are never followed, ~/.netrc is never read, cookies are never stored. Safe to share between threads,
    usable after a fork, and picklable.

    Args:
        proxy: A proxy for every request; None means AI_PROXY_URL or the standard variables, with NO_PROXY.
        disable_proxy: Use no proxy, regardless of the environment.
        verify: True, a CA file or folder, or False to accept any certificate; True also uses REQUESTS_CA_BUNDLE,
            CURL_CA_BUNDLE and SSL_CERT_FILE.
        cert: A client certificate: one file, or (certificate, key).
        pool_size: Connections to keep open for each host, a positive integer; at least the number of threads is best.
        clock: The clock.

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
            raise ConfigurationError(f"pool_size must be a positive integer, got {pool_size!r}")
        for file in (cert,) if isinstance(cert, str) else cert or ():
            if not os.path.exists(file):
                raise ConfigurationError(
                    f"the client certificate file does not exist: {file}", code="missing_cert_file"
                )
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
        # One session for each process: a fork copies the parent's sockets, and locks in any state, so a child leaves
        # the parent's session alone and makes its own.
        self._sessions: dict[int, requests.Session] = {}
        self._proxies: dict[str, dict[str, str]] = {}  # by origin

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response.

        Raises:
            TransportError: The request failed, or its response did not arrive.
        """
        stream = self.stream(request)
        try:
            body = stream.read_all(MAX_BODY)
        except ConnectionLostError:
            if stream.status < 400:
                raise
            body = b""  # an error's status matters more than the end of its message
        finally:
            stream.close()
            stream.limits.add_time()
        return HttpResponse(status=stream.status, headers=stream.headers, body=body, received_at=self._clock.wall())

    def stream(self, request: HttpRequest) -> Stream:
        """Send a request and return once the response's headers have arrived.

        Raises:
            TransportError: The request failed, or its response did not arrive.
            ConfigurationError: The address or a header cannot be sent.
        """
        deadline = request.deadline
        if deadline is None and request.timeout.total is not None:
            deadline = self._clock.now() + request.timeout.total
        exchange = LimitedExchange(Limits(request.timeout, deadline, self._clock, request.timings))
        if request.on_start is not None:
            request.on_start(exchange.abort)
        response = None
        with suppress(ValueError), map_failures(request.url, exchange), exchange:
            response = self._send(request, exchange.limits)
        if response is None:
            # Raised here, since Python would attach the ValueError of http.client, whose message contains the header.
            raise unusable_request(request.url)
        return Stream(response, request.url, exchange)

    def _send(self, request: HttpRequest, limits: Limits) -> requests.Response:
        limits.remaining()  # raises an error if the deadline has passed
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        proxies = self._proxies.get(origin)
        if proxies is None:
            proxies = self._proxies[origin] = self._rules.proxies_for(request.url)
        return (
            self._session()
            .get_adapter(request.url)
            .send(
                _prepare(request),
                stream=True,
                timeout=urllib3.Timeout(connect=request.timeout.connect, read=request.timeout.first_byte),  # type: ignore[arg-type]
                verify=self._verify,
                cert=self._cert,
                proxies=proxies,
            )
        )

    def close(self) -> None:
        """Close the connections that are not in use; a later call opens new ones."""
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()

    def _session(self) -> requests.Session:
        pid = os.getpid()
        session = self._sessions.get(pid)
        if session is not None:
            return session
        session = requests.Session()
        session.trust_env = False
        adapter = _Adapter(self._pool_size)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        # Not under a lock, which a fork may copy while it is held. Threads that get here at once share one session.
        return self._sessions.setdefault(pid, session)

    def __getstate__(self) -> dict[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(**settings)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._rules!r}, verify={self._verify!r}, pool_size={self._pool_size})"


def _prepare(request: HttpRequest) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = request.url
    headers = CaseInsensitiveDict(request.headers)
    headers.setdefault("User-Agent", _USER_AGENT)
    headers.setdefault("Accept-Encoding", "gzip, deflate")
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    prepared.headers = headers
    prepared.body = request.body
    prepared.hooks = {}
    return prepared
