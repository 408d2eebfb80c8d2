"""A handler that sends every kind of fault now and then, and otherwise answers each question."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.support.server import Connection, chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events

__all__ = ["FAULTS", "FaultyHandler", "answer_to"]

# Longer than the client's back-off, so that a Retry-After that is ignored shows.
WAIT = 0.04
_WAIT_HEADER = {"retry-after-ms": f"{WAIT * 1000:g}"}
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


def _hang_up(connection: Connection, question: str, stream: bool) -> None:
    """Answer, and close a connection that the client may want to use again."""
    _fine(connection, question, stream)
    connection.socket.close()  # both ways: a request that comes now must not count as one that was seen


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


def _end_early(connection: Connection, question: str, stream: bool) -> None:
    """End the stream in good order, without its end marker."""
    (sse_reply(_events(question)[:3]) if stream else raw_reply(b"", close=True))(connection)


def _fall_silent(connection: Connection, question: str, stream: bool) -> None:
    connection.head(200, SSE if stream else {"content-type": "application/json", "content-length": "500"})
    connection.chunk(f"data: {json.dumps(chunk_event('the '))}\n\n".encode()) if stream else connection.send(b"{")
    connection.wait_closed()


def _ping_only(connection: Connection, question: str, stream: bool) -> None:
    connection.head(200, SSE)
    while not connection.wait_closed(0.03):
        connection.chunk(b": ping\n\n")


def _drip(connection: Connection, question: str, stream: bool) -> None:
    """Send the right answer, a byte at a time, for longer than any client waits."""
    body = json.dumps(completion(answer_to(question))).encode()
    connection.head(200, {"content-type": "application/json", "content-length": str(len(body))})
    connection.drip(body, 0.05)


def _send_nonsense(connection: Connection, question: str, stream: bool) -> None:
    if stream:
        sse_reply([*_events(question)[:2], '{"choices": [{"delta": {"content": "the'])(connection)
    else:
        raw_reply(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"choices')(
            connection
        )


def _send_error_within(connection: Connection, question: str, stream: bool) -> None:
    error = {"error": {"message": "overloaded", "type": "overloaded_error"}}
    (sse_reply([*_events(question)[:2], json.dumps(error)]) if stream else json_reply(200, error))(connection)


_PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 24\r\n\r\n<title>Please sign in</t>"
FAULTS: dict[str, Callable[[Connection, str, bool], None]] = {
    "429": _status(429),
    "429 with a wait": _status(429, _WAIT_HEADER),
    "500": _status(500),
    "502": _raw(b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 11\r\n\r\nbad gateway"),
    "503": _status(503),
    "503 with a wait": _status(503, _WAIT_HEADER),
    "reset unread": _reset,
    "reset": _reset,
    "hangs up": _hang_up,
    "stall": _stall,
    "cut off": _cut_off,
    "ends early": _end_early,
    "falls silent": _fall_silent,
    "only pings": _ping_only,
    "drips": _drip,
    "nonsense": _send_nonsense,
    "error inside": _send_error_within,
    "page": _raw(_PAGE),
    "empty": _raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    "no HTTP": _raw(b"what?\r\n\r\n"),
}
_WAITS = frozenset({"429 with a wait", "503 with a wait"})
# These last until the client gives up, or pause all clients, so there are fewer of them.
_SLOW = frozenset({"429", "stall", "falls silent", "only pings", "drips"})
# An overloaded provider rejects all clients for a while.
_BURSTS = ("429 with a wait", "500", "503", "503 with a wait")


class FaultyHandler:
    """Answers most requests, and sends a fault for the others.

    Args:
        seed: Decides which faults are sent; the same seed gives the same faults.
        share: The fraction of requests with a fault, 0 to 1, not counting bursts.

    Attributes:
        faults_sent: How often each fault was sent.
        received: How often each question was received; one whose connection was reset at once is unread and counts as "".
        early_retries: Questions that were repeated before their Retry-After had passed.
    """

    def __init__(self, seed: int, share: float) -> None:
        self.faults_sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.early_retries: list[str] = []
        self._not_before: dict[str, float] = {}
        self._random = random.Random(seed)
        self._share = share
        self._burst: list[str] = []
        self._deck: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        fault = self._choose()
        if fault == "reset unread":
            self.received[""] += 1
            connection.reset()
            raise ConnectionResetError  # else the server would go on with what it holds of the request
        body = connection.read_request().json
        question, stream = body["messages"][-1]["content"], bool(body.get("stream"))
        self._note(question, fault)
        FAULTS.get(fault, _fine)(connection, question, stream)

    def _choose(self) -> str:
        """Return a fault's name, or "" for none."""
        with self._lock:
            chance = self._random.random()
            if not self._burst and chance < self._share / 50:
                self._burst = [self._random.choice(_BURSTS)] * 8
            if self._burst:
                name = self._burst.pop()
            elif chance >= self._share:
                return ""
            else:
                if not self._deck:  # dealt like cards, so that each is met
                    self._deck = [name for name in FAULTS for _ in range(1 if name in _SLOW else 6)]
                    self._random.shuffle(self._deck)
                name = self._deck.pop()
            self.faults_sent[name] += 1
            return name

    def _note(self, question: str, fault: str) -> None:
        with self._lock:
            now = time.monotonic()
            self.received[question] += 1
            if now < self._not_before.get(question, 0.0):
                self.early_retries.append(question)
            if fault in _WAITS:
                self._not_before[question] = now + WAIT
