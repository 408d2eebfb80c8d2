"""A provider on this machine: a real server with real wire formats, for programs that are tested unchanged."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

import attrs

from ai_lib.providers.registry import configs, get_config
from ai_lib.testing.formats.render import DIALECTS, render
from ai_lib.testing.replies import Failure, Reply, models, text
from ai_lib.testing.request import SentRequest
from ai_lib.testing.response import FakeResponse
from ai_lib.testing.script import Script, Scripted
from ai_lib.types.wire import HttpRequest
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["KEY", "MockServer", "echo"]

KEY = "test-key"
"""The key for programs under test; the server accepts every key."""


def echo(request: SentRequest) -> Reply:
    """Answer with the last message, or with a list of one model."""
    return models("echo") if request.method == "GET" else text(request.prompt)


class MockServer:
    """Listens on a free port of 127.0.0.1 inside a `with` block.

        with MockServer("Hello!", error(503)) as server:
            os.environ.update(server.environment("openai"))
            program_under_test()
        assert server.requests[0].prompt == "Hi"

    A request for which the script has no reply gets an error response, and leaving the block raises the reason.

    Args:
        script: The replies, as for `ScriptedTransport`; without any, every request is echoed.
        then: The reply to every request after them; None rejects those, or echoes them if there is no script.
        clock: The clock on which a reply's latency passes.

    Attributes:
        problems: What was wrong with requests: the script had no reply for them, they were not JSON, or a function in
            the script raised an error.
    """

    def __init__(self, *script: Scripted, then: Scripted | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.script(*script, then=then)
        self._clock = clock
        self._stopped = threading.Event()
        self._server: _Server | None = None
        self.problems: list[Exception] = []

    def script(self, *replies: Scripted, then: Scripted | None = None) -> None:
        """Replace the script, and discard the requests so far.

        Args:
            replies: The replies, as for the class.
            then: The reply to every request after them, as for the class.
        """
        self._script = Script(replies, echo if then is None and not replies else then)

    @property
    def requests(self) -> list[SentRequest]:
        """The requests so far, in order, with keys masked."""
        return self._script.requests

    @property
    def url(self) -> str:
        """The address, without a path and without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the server listens only inside `with MockServer() as server:`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def base_url(self, provider: str) -> str:
        """Return the address to pass as `base_url`, with the same path as the provider's.

        Raises:
            ConfigurationError: The provider is unknown.
        """
        config = get_config(provider)
        return self.url + urlsplit(config.base_url.format(**dict.fromkeys(config.url_fields, "test"))).path

    def environment(self, *providers: str) -> dict[str, str]:
        """Return the environment variables that point programs to this server: addresses, keys and NO_PROXY.

        Args:
            providers: Their ids; none means all whose wire format the server speaks.

        Raises:
            ConfigurationError: A provider is unknown.
        """
        chosen = [get_config(provider) for provider in providers] or [
            config
            for config in configs()
            if config.dialect in DIALECTS and config.retired is None and config.base_url_env and config.key_env
        ]
        variables = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        for config in chosen:
            # A variable that is read as a host is set to a host: other programs append the path themselves.
            address = self.url if config.base_url_env_is_host else self.base_url(config.id)
            variables |= dict.fromkeys(config.base_url_env, address)
            variables |= dict.fromkeys(config.key_env[:1], KEY)
        return variables

    def close(self) -> None:
        """Stop listening, and end the responses in progress."""
        self._stopped.set()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        self._stopped.clear()
        self._server = _Server(self)
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if self.problems and kind is None:
            raise self.problems[0]

    def answer(self, request: HttpRequest) -> FakeResponse:
        """Return the response to a request; called by the connections."""
        script = self._script
        try:
            response = script.answer(request)
        except Exception as error:  # noqa: BLE001 - also the errors of a user's function; the `with` block raises them
            self.problems.append(error)
            failure = Failure(status=400, code="unexpected_request", message=str(error) or type(error).__name__)
            response = render(failure, script.requests[-1])
        if response.latency:
            self.pause(response.latency)
            if self._stopped.is_set():
                return attrs.evolve(response, pieces=(), streamed=False, is_cut=True)
        return response

    def pause(self, seconds: float) -> None:
        """Wait, at most until the server is closed; called by the connections."""
        self._clock.wait(self._stopped, seconds)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # so that closing waits for the connections, and none outlives the test

    def __init__(self, mock: MockServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.mock = mock
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        for connection in self._sockets:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        self._sockets.append(connection)
        return connection, address


class _Connection(BaseHTTPRequestHandler):
    """One connection, with its requests one after another."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(OSError):  # the client disconnected, or the test has finished
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = HttpRequest(
            method=self.command,
            url=f"http://{self.headers.get('host', '127.0.0.1')}{self.path}",
            headers=dict(self.headers.items()),
            body=body if self.command == "POST" else None,
        )
        response = self.server.mock.answer(request)
        if response.is_cut and not response.streamed:
            self._disconnect()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.streamed:
            self._send_stream(response)
            return
        body = b"".join(response.pieces)
        if "content-length" in response.headers:
            self.close_connection = True  # it may be wrong, and the client would read the next response as the rest
        else:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name that http.server looks for

    def _send_stream(self, response: FakeResponse) -> None:
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(response.pieces):
            if number and response.pace:
                self.server.mock.pause(response.pace)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if response.is_cut:
            self._disconnect()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _disconnect(self) -> None:
        """Close the connection in the middle of a response."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Print nothing, since the test's output is not ours."""
