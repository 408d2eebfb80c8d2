"""A server on which everything goes wrong, now and then, and otherwise every question gets its own answer."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.support.server import Connection, chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events

__all__ = ["FAULTS", "Faulty", "answer_to"]

# Longer than the client's own back-off, so that a wait which is not obeyed is seen.
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


def _hangs_up_after_it(connection: Connection, question: str, stream: bool) -> None:
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
    "429 with a wait": _status(429, _WAIT_HEADER),
    "500": _status(500),
    "502": _raw(b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 11\r\n\r\nbad gateway"),
    "503": _status(503),
    "503 with a wait": _status(503, _WAIT_HEADER),
    "reset unread": _reset,
    "reset": _reset,
    "hangs up": _hangs_up_after_it,
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
_WAITS = frozenset({"429 with a wait", "503 with a wait"})
# These take as long as the client waits, or pause all of them, so there are fewer.
_SLOW = frozenset({"429", "stall", "falls silent", "only pings", "drips"})
# Providers that have too much to do say so to everybody for a while.
_BURSTS = ("429 with a wait", "500", "503", "503 with a wait")


class Faulty:
    """Answers, or does something else.

    Args:
        seed: The same seed, the same faults.
        share: The part of the requests that meets one, bursts not counted.

    Attributes:
        met: How often each fault was met.
        asked: How often each question came; one whose connection was reset at once came unread, as "".
        too_early: Questions that came again before the wait that they were told was over.
    """

    def __init__(self, seed: int, share: float) -> None:
        self.met: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.too_early: list[str] = []
        self._not_before: dict[str, float] = {}
        self._random = random.Random(seed)
        self._share = share
        self._burst: list[str] = []
        self._deck: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        fault = self._choose()
        if fault == "reset unread":
            self.asked[""] += 1
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
            self.met[name] += 1
            return name

    def _note(self, question: str, fault: str) -> None:
        with self._lock:
            now = time.monotonic()
            self.asked[question] += 1
            if now < self._not_before.get(question, 0.0):
                self.too_early.append(question)
            if fault in _WAITS:
                self._not_before[question] = now + WAIT
