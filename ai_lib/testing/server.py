"""A provider on this machine: a real server with the real wire formats, for programs that are tested as they are."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

import attrs

from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs, get_config
from ai_lib.testing.replies import Failure, Reply, models, text
from ai_lib.testing.script import Script, Scripted
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.render import DIALECTS, Rendered, render
from ai_lib.types.wire import HttpRequest
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

__all__ = ["KEY", "MockServer", "echo"]

KEY = "test-key"
"""The key that programs under test are given; any other is as good."""


def echo(request: SentRequest) -> Reply:
    """Answer with what was said last, or with a list of one model."""
    return models("echo") if request.method == "GET" else text(request.prompt)


class MockServer:
    """Listens on a free port of 127.0.0.1 while the `with` block lasts.

        with MockServer("Hello!", error(503)) as server:
            os.environ.update(server.environment("openai"))
            program_under_test()
        assert server.requests[0].prompt == "Hi"

    A request that the script has no reply for is answered with an error, and leaving the block raises what was wrong.

    Args:
        script: The replies, as for `ScriptedTransport`; none at all means that every request is echoed.
        then: What answers every request after them; None means that there must be none, or `echo` without a script.
        clock: Whose time a reply's latency takes.

    Attributes:
        problems: What was wrong with requests: that the script had no reply for them, that they are no JSON, or what a
            function in it raises.
    """

    def __init__(self, *script: Scripted, then: Scripted | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._script = Script(script, echo if then is None and not script else then)
        self._clock = clock
        self._stopped = threading.Event()
        self._server: _Server | None = None
        self.problems: list[Exception] = []

    def script(self, *replies: Scripted, then: Scripted | None = None) -> None:
        """Replace the script, and forget what was asked so far.

        Args:
            replies: As for the class.
            then: As for the class.
        """
        self._script = Script(replies, echo if then is None and not replies else then)

    @property
    def requests(self) -> list[SentRequest]:
        """What was sent, in order, with the keys masked."""
        return self._script.requests

    @property
    def url(self) -> str:
        """The address, without a path and without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the server listens only inside of `with MockServer() as server:`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def base_url(self, provider: str) -> str:
        """Return the address to give as `base_url`, with the path that the provider's own has.

        Raises:
            ConfigurationError: There is no such provider.
        """
        return self._base_url(get_config(provider))

    def environment(self, *providers: str) -> dict[str, str]:
        """Return the environment variables that make programs speak to this server: addresses, keys, and NO_PROXY.

        Args:
            providers: Their ids; none means all whose wire format a fake speaks.

        Raises:
            ConfigurationError: There is no such provider.
        """
        chosen = map(get_config, providers) if providers else (one for one in configs() if _speaks(one))
        variables = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        for config in chosen:
            # A variable that is read as a host gets one: other programs append the path as well.
            address = self.url if config.base_url_env_is_host else self._base_url(config)
            variables |= dict.fromkeys(config.base_url_env, address)
            variables |= dict.fromkeys(config.key_env[:1], KEY)
        return variables

    def close(self) -> None:
        """Stop listening, and end what is still being answered."""
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

    def _base_url(self, config: ProviderConfig) -> str:
        return self.url + urlsplit(config.base_url.format(**dict.fromkeys(config.url_fields, "test"))).path

    def answer(self, request: HttpRequest) -> Rendered:
        """Return what to send; for the connections."""
        script = self._script
        try:
            rendered = script.answer(request)
        except Exception as error:  # noqa: BLE001 - the script's, or that of a function in it: the `with` block raises it
            self.problems.append(error)
            told = Failure(status=400, code="unexpected_request", message=str(error) or type(error).__name__)
            rendered = render(told, script.requests[-1])
        if rendered.latency:
            self.pause(rendered.latency)
            if self._stopped.is_set():
                return attrs.evolve(rendered, pieces=(), streamed=False, is_cut=True)
        return rendered

    def pause(self, seconds: float) -> None:
        """Wait, at most until the server is closed; for the connections."""
        self._clock.wait(self._stopped, seconds)


def _speaks(config: ProviderConfig) -> bool:
    return config.dialect in DIALECTS and config.retired is None and bool(config.base_url_env and config.key_env)


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
        for one in self._sockets:
            with suppress(OSError):  # closed already
                one.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        accepted, address = super().get_request()
        self._sockets.append(accepted)
        return accepted, address


class _Connection(BaseHTTPRequestHandler):
    """One connection; requests come one after another."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(OSError):  # the client is gone, or the test is over
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        host = self.headers.get("host", "127.0.0.1")
        request = HttpRequest(
            method=self.command,
            url=f"http://{host}{self.path}",
            headers=dict(self.headers.items()),
            body=body if self.command == "POST" else None,
        )
        self._send(self.server.mock.answer(request))

    do_GET = do_POST  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Say nothing: a test's output is its own."""

    def _send(self, rendered: Rendered) -> None:
        if rendered.is_cut and not rendered.streamed:
            self._hang_up()
            return
        self.send_response(rendered.status)
        for name, value in rendered.headers.items():
            self.send_header(name, value)
        if not rendered.streamed:
            body = b"".join(rendered.pieces)
            if "content-length" in rendered.headers:
                self.close_connection = True  # it may be a wrong one, and what follows would be read as the rest
            else:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(rendered.pieces):
            if number and rendered.pace:
                self.server.mock.pause(rendered.pace)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if rendered.is_cut:
            self._hang_up()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self) -> None:
        """Close in the middle, which is what a lost connection looks like from the other side."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
