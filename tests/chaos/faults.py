"""A server on which everything goes wrong, now and then, and otherwise every question gets its own answer."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.server import Connection, chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events

__all__ = ["Faulty", "answer_to"]

SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


def answer_to(question: str) -> str:
    return f"the answer to {question}, in several words"


def _events(question: str) -> list[str]:
    return stream_events(*(f"{word} " for word in answer_to(question).split(" ")))


def _fine(connection: Connection, question: str, stream: bool) -> None:
    if stream:
        sse_reply(_events(question))(connection)
    else:
        json_reply(200, completion(answer_to(question)))(connection)


def _status(status: int, headers: dict[str, str] | None = None) -> Callable[[Connection, str, bool], None]:
    payload = {"error": {"message": f"status {status}", "type": "fault"}}
    return lambda connection, question, stream: json_reply(status, payload, headers)(connection)


def _raw(data: bytes) -> Callable[[Connection, str, bool], None]:
    return lambda connection, question, stream: raw_reply(data, close=True)(connection)


def _reset(connection: Connection, question: str, stream: bool) -> None:
    connection.reset()


def _stall(connection: Connection, question: str, stream: bool) -> None:
    connection.wait_closed()


def _cut_off(connection: Connection, question: str, stream: bool) -> None:
    """Break off in the middle of the answer."""
    if stream:
        connection.head(200, SSE)
        for event in _events(question)[:4]:
            connection.chunk(f"data: {json.dumps(event) if not isinstance(event, str) else event}\n\n".encode())
    else:
        connection.head(200, {"content-type": "application/json", "content-length": "500"})
        connection.send(b'{"id": "x", "choices": [{"message": {"content": "the ans')
    connection.reset()


def _ends_early(connection: Connection, question: str, stream: bool) -> None:
    """End the stream in good order, without its end marker."""
    (sse_reply(_events(question)[:3]) if stream else raw_reply(b"", close=True))(connection)


def _falls_silent(connection: Connection, question: str, stream: bool) -> None:
    connection.head(200, SSE if stream else {"content-type": "application/json", "content-length": "500"})
    connection.chunk(f"data: {json.dumps(chunk_event('the '))}\n\n".encode()) if stream else connection.send(b"{")
    connection.wait_closed()


def _only_pings(connection: Connection, question: str, stream: bool) -> None:
    connection.head(200, SSE)
    while not connection.wait_closed(0.03):
        connection.chunk(b": ping\n\n")


def _drips(connection: Connection, question: str, stream: bool) -> None:
    """Send the right answer, a byte at a time, for longer than anybody waits."""
    body = json.dumps(completion(answer_to(question))).encode()
    connection.head(200, {"content-type": "application/json", "content-length": str(len(body))})
    connection.drip(body, 0.05)


def _nonsense_in_the_middle(connection: Connection, question: str, stream: bool) -> None:
    if stream:
        sse_reply([*_events(question)[:2], '{"choices": [{"delta": {"content": "the'])(connection)
    else:
        raw_reply(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"choices')(
            connection
        )


def _error_in_the_middle(connection: Connection, question: str, stream: bool) -> None:
    error = {"error": {"message": "overloaded", "type": "overloaded_error"}}
    (sse_reply([*_events(question)[:2], json.dumps(error)]) if stream else json_reply(200, error))(connection)


_PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 24\r\n\r\n<title>Please sign in</t>"
FAULTS: dict[str, Callable[[Connection, str, bool], None]] = {
    "429": _status(429),
    "429 with a wait": _status(429, {"retry-after-ms": "5"}),
    "500": _status(500),
    "502": _raw(b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 11\r\n\r\nbad gateway"),
    "503": _status(503, {"retry-after-ms": "5"}),
    "reset": _reset,
    "stall": _stall,
    "cut off": _cut_off,
    "ends early": _ends_early,
    "falls silent": _falls_silent,
    "only pings": _only_pings,
    "drips": _drips,
    "nonsense": _nonsense_in_the_middle,
    "error inside": _error_in_the_middle,
    "page": _raw(_PAGE),
    "empty": _raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    "no HTTP": _raw(b"what?\r\n\r\n"),
}
# These take as long as the client waits, or pause all of them, so there are fewer.
_SLOW = frozenset({"429", "stall", "falls silent", "only pings", "drips"})


class Faulty:
    """Answers, or does something else.

    Args:
        seed: The same seed, the same faults.
        share: The part of the requests that meets one.
    """

    def __init__(self, seed: int, share: float) -> None:
        self.met: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._share = share
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        body = connection.read_request().json
        self._choose()(connection, body["messages"][-1]["content"], bool(body.get("stream")))

    def _choose(self) -> Callable[[Connection, str, bool], None]:
        with self._lock:
            if self._random.random() >= self._share:
                return _fine
            weights = [1 if name in _SLOW else 6 for name in FAULTS]
            name = self._random.choices(list(FAULTS), weights)[0]
            self.met[name] += 1
            return FAULTS[name]
