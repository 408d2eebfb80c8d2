"""A web server that loads the application, and uses its client, before it forks its workers."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.server import Connection, Server, completion, json_reply

APPLICATION = """
import os
from ai_lib import AiClient, ProviderConfig

client = AiClient(ProviderConfig("gateway", base_url=os.environ["UPSTREAM"], default_model="m"))
client.chat("warm up")  # the connection is open when the workers are forked

def app(environ, start_response):
    answer = client.chat(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {answer.text}".encode()]
"""


def echo(connection: Connection) -> None:
    said = connection.read_request().json["messages"][0]["content"]
    json_reply(200, completion(said))(connection)


def test_workers_forked_after_the_first_call_get_their_own_answers_on_their_own_sockets(tmp_path):
    pytest.importorskip("gunicorn", reason="needs gunicorn")
    (tmp_path / "application.py").write_text(APPLICATION)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "gunicorn", "--preload", "-k", "gthread", "--workers", "3", "--threads", "4",
               "--bind", "127.0.0.1:0", "--chdir", str(tmp_path), "application:app"]  # fmt: skip
    with Server(echo) as upstream, log.open("wb") as out:
        environment = {**os.environ, "UPSTREAM": upstream.url + "/v1"}
        with subprocess.Popen(command, stdout=out, stderr=out, env=environment) as gunicorn:
            try:
                address = _address(log, gunicorn)
                with ThreadPoolExecutor(12) as pool:
                    texts = list(pool.map(lambda n: requests.get(f"{address}/?q{n}", timeout=30).text, range(120)))
            finally:
                gunicorn.terminate()
                gunicorn.wait(30)

    assert [text.split()[1] for text in texts] == [f"q{n}" for n in range(120)]
    assert len({text.split()[0] for text in texts}) > 1
    assert [request.json["messages"][0]["content"] for request in upstream.requests if request.connection == 0] == [
        "warm up"
    ]


def _address(log, gunicorn) -> str:
    """Return where gunicorn listens, once it says so."""
    for _ in range(600):
        said = log.read_text()
        if "Listening at: " in said:
            return said.partition("Listening at: ")[2].split()[0]
        assert gunicorn.poll() is None, said
        try:
            gunicorn.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"gunicorn does not listen: {log.read_text()}")
