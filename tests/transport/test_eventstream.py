"""AWS event streams: frames of every form, cut anywhere, broken anywhere; and beside botocore's own reader."""

from __future__ import annotations

import json
import struct
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import InvalidResponseError
from ai_lib.transport.eventstream import MAX_FRAME, events

# One header of each type of the encoding: type number and bytes of the value.
EVERY_TYPE = {
    "true": (0, b""),
    "false": (1, b""),
    "byte": (2, b"\x01"),
    "short": (3, b"\x00\x01"),
    "integer": (4, b"\x00\x00\x00\x01"),
    "long": (5, b"\x00" * 8),
    "bytes": (6, b"\x00\x03abc"),
    "timestamp": (8, b"\x00" * 8),
    "uuid": (9, b"\x00" * 16),
}


def string(text: str) -> tuple[int, bytes]:
    return 7, struct.pack(">H", len(text.encode())) + text.encode()


def frame(headers: dict[str, tuple[int, bytes]], payload: bytes = b"{}") -> bytes:
    packed = b"".join(
        bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value for name, (kind, value) in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return body + struct.pack(">I", zlib.crc32(body))


def event(kind: str, payload: Any, **more: tuple[int, bytes]) -> bytes:
    headers = {**more, ":event-type": string(kind), ":message-type": string("event")}
    return frame(headers, json.dumps(payload).encode())


def exception(kind: str, payload: bytes) -> bytes:
    return frame({":exception-type": string(kind), ":message-type": string("exception")}, payload)


def read(*pieces: bytes) -> list[Any]:
    return [json.loads(text) for text in events(pieces)]


STREAM = (
    event("messageStart", {"role": "assistant", "p": "abcdef"})
    + event("contentBlockDelta", {"delta": {"text": "Grüße 🐧"}, "contentBlockIndex": 0, "p": ""}, **EVERY_TYPE)
    + exception("throttlingException", b'{"message": "slow down"}')
)
READ = [
    {"messageStart": {"role": "assistant", "p": "abcdef"}},
    {"contentBlockDelta": {"delta": {"text": "Grüße 🐧"}, "contentBlockIndex": 0, "p": ""}},
    {"exception": {"type": "throttlingException", "message": "slow down"}},
]


def test_frames_are_read_as_objects_under_the_name_of_their_event() -> None:
    assert read(STREAM) == READ


def test_a_cut_at_any_byte_changes_nothing() -> None:
    assert [at for at in range(len(STREAM)) if read(STREAM[:at], STREAM[at:]) != READ] == []


def test_bytes_one_by_one_give_the_same() -> None:
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == READ


def test_an_event_is_yielded_with_the_last_byte_of_its_frame() -> None:
    first = event("messageStart", {})
    given: list[str] = []

    def pieces() -> Any:
        yield first[:-1]
        assert given == []
        yield first[-1:]
        assert given == ['{"messageStart":{}}']
        yield b"\x00"

    for text in events(pieces()):
        given += [text]

    assert len(given) == 1


@pytest.mark.parametrize("kind", sorted(EVERY_TYPE))
def test_a_header_of_any_other_type_is_skipped(kind: str) -> None:
    assert read(event("x", {"a": 1}, **{kind: EVERY_TYPE[kind]})) == [{"x": {"a": 1}}]


def test_a_frame_without_a_payload_is_an_empty_object() -> None:
    assert read(frame({":event-type": string("x"), ":message-type": string("event")}, b"")) == [{"x": {}}]


def test_an_error_frame_has_its_code_and_message_in_headers() -> None:
    headers = {
        ":message-type": string("error"),
        ":error-code": string("InternalError"),
        ":error-message": string("broken"),
    }

    assert read(frame(headers, b"")) == [{"exception": {"type": "InternalError", "message": "broken"}}]


@pytest.mark.parametrize(
    ("payload", "message"), [(b"not JSON", "not JSON"), (b'"text"', "text"), (b"[1]", [1]), (b"\xff", "\ufffd")]
)
def test_an_exception_counts_regardless_of_its_payload(payload: bytes, message: Any) -> None:
    assert read(exception("x", payload)) == [{"exception": {"type": "x", "message": message}}]


def test_a_frame_of_an_unknown_type_is_an_exception_without_a_name() -> None:
    assert read(frame({})) == [{"exception": {"type": "unknown"}}]


@given(cut=st.integers(0, len(STREAM)))
def test_an_incomplete_frame_is_dropped(cut: int) -> None:
    found = read(STREAM[:cut])

    assert found == READ[: len(found)]


@given(place=st.integers(0, len(STREAM) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_is_detected_before_anything_is_read(place: int, flip: int) -> None:
    broken = bytearray(STREAM)
    broken[place] ^= flip
    found: list[Any] = []

    with pytest.raises(InvalidResponseError, match="checksum"):
        found.extend(json.loads(text) for text in events([bytes(broken)]))

    assert found == READ[: len(found)]


def test_a_changed_length_is_detected_before_waiting_for_more_bytes() -> None:
    with pytest.raises(InvalidResponseError, match="frame prelude checksum mismatch"):
        read(b"\x00\xff" + STREAM[2:])


def sized(total: int, headers: int) -> bytes:
    prelude = struct.pack(">II", total, headers)
    return prelude + struct.pack(">I", zlib.crc32(prelude)) + b"\x00" * 64


@pytest.mark.parametrize(("total", "headers"), [(0, 0), (12, 0), (15, 0), (16, 1), (40, 30)])
def test_a_frame_shorter_than_its_headers_is_malformed(total: int, headers: int) -> None:
    with pytest.raises(InvalidResponseError, match="a frame is shorter than its headers"):
        read(sized(total, headers))


def test_a_frame_that_is_too_long_is_rejected_at_once() -> None:
    with pytest.raises(InvalidResponseError, match="exceeds 16777216 bytes") as caught:
        read(sized(MAX_FRAME + 1, 0))

    assert caught.value.code == "event_too_large"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x": (10, b"")}, id="unknown type"),
        pytest.param({"x": (7, b"\x00\xffab")}, id="value beyond the end"),
        pytest.param({"x": (7, b"\x00")}, id="no room for the size"),
        pytest.param({"x": (5, b"\x00")}, id="number beyond the end"),
        pytest.param({":event-type": (7, b"\x00\x01\xff")}, id="not UTF-8"),
        pytest.param({":message-type": (7, b"\x00\x05event")}, id="an event without a name"),
    ],
)
def test_invalid_headers_are_malformed(headers: dict[str, tuple[int, bytes]]) -> None:
    with pytest.raises(InvalidResponseError, match="a frame of the stream is malformed") as caught:
        read(frame(headers))

    assert caught.value.code == "malformed_event"


def test_a_payload_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(InvalidResponseError, match="malformed"):
        read(frame({":event-type": string("x"), ":message-type": string("event")}, b"\xff"))


NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=20)
VALUES = st.one_of(
    st.tuples(st.just(0), st.just(b"")),
    st.tuples(st.just(1), st.just(b"")),
    st.tuples(st.just(2), st.binary(min_size=1, max_size=1)),
    st.tuples(st.just(3), st.binary(min_size=2, max_size=2)),
    st.tuples(st.just(4), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(5), st.binary(min_size=8, max_size=8)),
    st.tuples(st.just(6), st.binary(max_size=40).map(lambda value: struct.pack(">H", len(value)) + value)),
    st.text(st.characters(codec="utf-8"), max_size=20).map(string),
    st.tuples(st.just(8), st.binary(min_size=8, max_size=8)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
PAYLOADS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(st.characters(codec="utf-8")), max_size=3)
FRAMES = st.lists(st.tuples(NAMES, PAYLOADS, st.dictionaries(NAMES, VALUES, max_size=4)), max_size=4)


@given(told=FRAMES, cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_any_frames_split_anywhere_are_read_back(told: list[Any], cuts: list[int]) -> None:
    body = b"".join(event(kind, payload, **headers) for kind, payload, headers in told)
    ends = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})

    found = read(*(body[start:end] for start, end in pairwise(ends)))

    assert found == [{kind: payload} for kind, payload, _ in told]


@given(told=FRAMES)
def test_botocore_reads_the_same_frames_from_the_same_bytes(told: list[Any]) -> None:
    reader = pytest.importorskip("botocore.eventstream").EventStreamBuffer()
    body = b"".join(event(kind, payload, **headers) for kind, payload, headers in told)

    reader.add_data(body)

    theirs = [{message.headers[":event-type"]: json.loads(message.payload)} for message in reader]
    assert read(body) == theirs
