"""One client, many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.server import Server, completion, json_reply, sse_reply, stream_events

THREADS, CALLS = 64, 20


def echo(connection):
    """Answer with the question, whole or as a stream."""
    asked = connection.read_request().json
    question = asked["messages"][0]["content"]
    reply = sse_reply(stream_events(question)) if asked.get("stream") else json_reply(200, completion(question))
    reply(connection)


def chat(client, question):
    return client.chat(question).text


def stream(client, question):
    return client.stream(question).final_response().text


@pytest.mark.parametrize("ask", [chat, stream])
def test_threads_get_their_own_answers_over_no_more_connections_than_the_pool_size(ask, connect):
    start = threading.Barrier(THREADS)

    def calls(thread):
        start.wait(10)
        questions = [f"{thread}-{number}" for number in range(CALLS)]
        return [ask(client, question) == question for question in questions]

    with Server(echo) as server, ThreadPoolExecutor(THREADS) as threads:
        client = connect(server, pool_size=THREADS, timeout=60.0)
        answers = list(threads.map(calls, range(THREADS)))

        assert answers == [[True] * CALLS] * THREADS
        assert len(server.requests) == THREADS * CALLS
        assert server.open_connections(at_most=THREADS) <= THREADS


def test_threads_that_make_the_first_call_at_once_share_one_pool(connect):
    with Server(echo) as server, ThreadPoolExecutor(16) as threads:
        client = connect(server)
        start = threading.Barrier(16)

        def twice(question):
            start.wait(10)
            return chat(client, question), chat(client, question)

        answers = list(threads.map(twice, "abcdefghijklmnop"))

    assert answers == [(question, question) for question in "abcdefghijklmnop"]
    assert len(server.connections) <= 16


def test_a_pool_smaller_than_the_threads_keeps_no_more_connections_than_its_size(connect):
    met = threading.Barrier(8)

    def together(connection):
        connection.read_request()
        met.wait(10)
        json_reply(200, completion())(connection)

    with Server(together) as server, ThreadPoolExecutor(8) as threads:
        client = connect(server, pool_size=2)
        list(threads.map(client.chat, ["hi"] * 8))

        assert len(server.connections) == 8
        assert server.open_connections(at_most=2) == 2
