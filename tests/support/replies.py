"""Common handlers for `tests.support.server`, and answers in the form of chat completions. Import them from there."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.support.server import Connection, Handler

__all__ = [
    "BUSY",
    "chunk_event",
    "completion",
    "echo",
    "json_reply",
    "raw_reply",
    "reset",
    "sse_reply",
    "stall",
    "stream_events",
]


def raw_reply(data: bytes, *, close: bool = False) -> Handler:
    """Read the request and send these bytes as they are."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)
        if close:
            connection.close()

    return handler


def json_reply(status: int = 200, payload: Any = None, headers: Mapping[str, str] | None = None) -> Handler:
    """Answer with JSON, or with an empty body for the payload None."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        body = b"" if payload is None else json.dumps(payload).encode()
        own = {"content-type": "application/json", "content-length": str(len(body))}
        connection.head(status, {**own, **(headers or {})})
        connection.send(body)

    return handler


def sse_reply(
    events: Iterable[str | Mapping[str, Any]],
    *,
    framing: Literal["chunked", "close", "length"] = "chunked",
    gzip: bool = False,
    deflate: bool = False,
    delay: float = 0.0,
    pace: threading.Semaphore | None = None,
    split: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Handler:
    """Answer with server-sent events.

    Args:
        events: The data of each event: a string, or a value to send as JSON.
        framing: How the end of the body is marked.
        gzip: Compress, flushing after each event.
        deflate: The same in the format deflate.
        delay: Seconds before each event.
        pace: Acquired before each event; the test releases it when it has read the previous one.
        split: Send each byte separately.
        headers: Additional headers.
    """
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    pieces = [f"data: {text}\n\n".encode() for text in texts]
    own = {"content-type": "text/event-stream"}
    if gzip or deflate:
        pieces = _compressed(pieces, 31 if gzip else 15)
        own["content-encoding"] = "gzip" if gzip else "deflate"
    own |= {
        "chunked": {"transfer-encoding": "chunked"},
        "close": {"connection": "close"},
        "length": {"content-length": str(sum(map(len, pieces)))},
    }[framing]

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.head(200, {**own, **(headers or {})})
        for piece in pieces:
            connection.wait(delay)
            if pace is not None and not pace.acquire(timeout=15):
                connection.reset()
            data = b"%x\r\n%s\r\n" % (len(piece), piece) if framing == "chunked" else piece
            for part in (bytes((byte,)) for byte in data) if split else (data,):
                connection.send(part)
        if framing == "chunked":
            connection.end_chunks()
        if framing == "close":
            connection.close()

    return handler


def _compressed(pieces: list[bytes], wbits: int) -> list[bytes]:
    packer = zlib.compressobj(wbits=wbits)
    flushed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*flushed, packer.flush()] if not pieces else [*flushed[:-1], flushed[-1] + packer.flush()]


def completion(text: str = "hi", **fields: Any) -> dict[str, Any]:
    """Return a response in the form of chat completions."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        **fields,
    }


def chunk_event(text: str | None = None, *, finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return one event of a stream in the form of chat completions."""
    delta = {} if text is None else {"content": text}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **fields}


def stream_events(*texts: str) -> list[str | dict[str, Any]]:
    """Return the events of a stream of chat completions: text, finish reason, usage and end marker."""
    usage = {"prompt_tokens": 1, "completion_tokens": len(texts), "total_tokens": 1 + len(texts)}
    return [
        *(chunk_event(text) for text in texts),
        chunk_event(finish_reason="stop"),
        chunk_event(choices=[], usage=usage),
        "[DONE]",
    ]


# The answer of a provider that is overloaded.
BUSY = json_reply(503, {"error": {"message": "busy", "code": "overloaded"}})


def stall(connection: Connection) -> None:
    """Read the request and never answer."""
    connection.read_request()
    connection.stall()


def reset(connection: Connection) -> None:
    """Read the request and reset the connection."""
    connection.read_request()
    connection.reset()


def echo(connection: Connection) -> None:
    """Answer with the question."""
    question = connection.read_request().json["messages"][0]["content"]
    json_reply(200, completion(question))(connection)
