"""A server with negligible cost for the client: fixed responses over keep-alive connections, in a separate process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = json.dumps(
    {
        "id": "chatcmpl-AbCdEf0123456789",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The quick brown fox jumps. " * 16, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 90,
            "total_tokens": 110,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
).encode()
# About as many headers as a large provider sends: parsing them is part of the cost of a call.
HEADERS = b"".join(b"x-header-%d: some value of usual length %d\r\n" % (number, number) for number in range(17))


def event(text: str | None, finish: str | None = None) -> bytes:
    """Return one event of a streamed chat completion, as large as OpenAI's."""
    delta = {"content": text} if text is not None else {}
    body = {
        "id": "chatcmpl-AbCdEf0123456789",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "obfuscation": "aBcDeFgH",
    }
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def usage(count: int) -> bytes:
    """Return the event with the usage, which comes before the end of a stream if the client requests it."""
    body = {
        "id": "chatcmpl-AbCdEf0123456789",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [],
        "usage": {"prompt_tokens": 20, "completion_tokens": count, "total_tokens": count + 20},
    }
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def events(count: int) -> Iterator[bytes]:
    """Yield the events of a stream with `count` pieces of text."""
    for number in range(count):
        yield event(f" word{number % 100}")
    yield event(None, "stop")
    yield usage(count)
    yield b"data: [DONE]\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _read(connection: socket.socket) -> tuple[str, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b" ", 2)[1].decode(), body


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    response = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n%s" % (
        HEADERS,
        len(ANSWER),
        ANSWER,
    )
    with connection:
        while (request := _read(connection)) is not None:
            path, _ = request
            # /<kind>/<count>/v1/chat/completions
            kind, count = path.split("/")[1:3]
            if kind == "chat":
                connection.sendall(response)
            else:
                _STREAMS[kind](connection, int(count))
                if kind.startswith("close"):
                    return


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def _large(connection: socket.socket, count: int) -> None:
    """Send HTTP chunks of 16 KiB, whose boundaries fall anywhere within events."""
    connection.sendall(_HEAD + b"transfer-encoding: chunked\r\n\r\n")
    buffer = bytearray()
    for data in events(count):
        buffer += data
        while len(buffer) >= 16384:
            connection.sendall(_chunk(bytes(buffer[:16384])))
            del buffer[:16384]
    connection.sendall(_chunk(bytes(buffer)) + b"0\r\n\r\n")


def _single(connection: socket.socket, count: int) -> None:
    """Send one HTTP chunk per event, several chunks per write."""
    connection.sendall(_HEAD + b"transfer-encoding: chunked\r\n\r\n")
    buffer = bytearray()
    for data in events(count):
        buffer += _chunk(data)
        if len(buffer) >= 16384:
            connection.sendall(bytes(buffer))
            buffer.clear()
    connection.sendall(bytes(buffer) + b"0\r\n\r\n")


def _paced(connection: socket.socket, count: int, *, chunked: bool, gzipped: bool) -> None:
    """Send one event every 10 ms, with the time at which it was sent as its text."""
    head = _HEAD + (b"transfer-encoding: chunked\r\n" if chunked else b"connection: close\r\n")
    connection.sendall(head + (b"content-encoding: gzip\r\n" if gzipped else b"") + b"\r\n")
    compressor = zlib.compressobj(wbits=31)
    wrap = _chunk if chunked else bytes

    def send(data: bytes, flush: int = zlib.Z_SYNC_FLUSH) -> None:
        connection.sendall(wrap(compressor.compress(data) + compressor.flush(flush) if gzipped else data))

    for _ in range(count):
        time.sleep(0.01)
        send(event(repr(time.monotonic())))
    send(event(None, "stop") + b"data: [DONE]\n\n", zlib.Z_FINISH)
    if chunked:
        connection.sendall(b"0\r\n\r\n")


_STREAMS = {
    "large": _large,
    "single": _single,
    "paced": lambda connection, count: _paced(connection, count, chunked=True, gzipped=False),
    "pacedgzip": lambda connection, count: _paced(connection, count, chunked=True, gzipped=True),
    "closepaced": lambda connection, count: _paced(connection, count, chunked=False, gzipped=False),
    "closegzip": lambda connection, count: _paced(connection, count, chunked=False, gzipped=True),
}


@contextmanager
def running() -> Iterator[str]:
    """Run the server in a separate process and yield its address."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
