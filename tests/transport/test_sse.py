"""Server-sent events against the standard, cut anywhere.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import InvalidResponseError
from ai_lib.transport import sse

# What makes a difference to a parser, over-represented; and any bytes at all.
_FRAGMENTS = ["data", "event", "id", "retry", ":", " ", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "data: ", "\ufeff", "x"]
_FRAGMENTS += ["é", "日", "\0", "\x0b", "\x85", "\u2028", "[DONE]", '{"a": 1}']
streams = st.lists(st.sampled_from(_FRAGMENTS).map(str.encode) | st.binary(max_size=3)).map(b"".join)
ends = st.sampled_from(["\n", "\r", "\r\n"])
texts = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20)
cuts = st.lists(st.integers(0, 200))


def cut(whole, places):
    """Return the bytes in pieces, some of them empty."""
    borders = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(borders)]


def standard(whole):
    """Return the data of each event, read as the standard is written; an empty one, which it dispatches, left out."""
    dispatched, data = [], ""
    *lines, _unfinished = re.split(r"\r\n|\n|\r", whole.decode("utf-8", "replace").removeprefix("\ufeff"))
    for line in lines:
        field, _, value = line.partition(":")
        if not line:
            dispatched.append(data.removesuffix("\n"))
            data = ""
        if field == "data":
            data += value.removeprefix(" ") + "\n"
    return [event for event in dispatched if event]


@given(streams, cuts)
def test_any_bytes_split_anywhere_give_the_events_of_the_standard(whole, places):
    assert list(sse.events(cut(whole, places))) == standard(whole)


@given(streams)
def test_byte_by_byte_is_the_same_as_whole(whole):
    assert list(sse.events(bytes((value,)) for value in whole)) == list(sse.events([whole]))


@given(st.lists(st.lists(texts, min_size=1)), ends, cuts, st.booleans())
def test_events_come_back_as_they_were_sent(events, end, places, mark):
    lines = [
        line
        for event in events
        for line in [": a comment", "event: message", *(f"data: {part}" for part in event), "id: 7", "unknown: x", ""]
    ]
    whole = ("\ufeff" * mark + "".join(line + end for line in lines)).encode()

    got = list(sse.events(cut(whole, places)))

    assert got == [text for text in map("\n".join, events) if text]


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: a\n\r\ndata: b\r\n\n", ["a", "b"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b"data:no blank\n\n", ["no blank"]),
        (b"data:  two blanks\n\n", [" two blanks"]),
        (b": comment\n\ndata: a\n\n", ["a"]),
        (b"event: ping\n\n", []),
        (b"data:\n\n", []),
        (b"data: a\n\ndata: unfinished\n", ["a"]),
        (b"data: a\n\ndata: unfinished", ["a"]),
        (b"data: \xff\xc3\n\n", ["\ufffd\ufffd"]),
        (b"data: a\x0bb\xe2\x80\xa8c\n\n", ["a\x0bb\u2028c"]),
        (b"", []),
    ],
)
def test_the_cases_of_the_standard(whole, expected):
    assert list(sse.events([whole])) == expected


@pytest.mark.parametrize("whole", [b"data: a\n\n", b"data: a\r\r", b"data: a\r\n\r", b"data: a\n\r"])
def test_an_event_is_delivered_as_soon_as_its_blank_line_arrives(whole):
    def then_fails():
        yield whole
        raise AssertionError("asked for more than was needed")

    assert next(sse.events(then_fails())) == "a"


def test_an_event_as_long_as_the_limit_is_accepted():
    pieces = [b"data: ", *[b"x" * 1_000_000] * 16, b"\n\n"]

    assert [len(event) for event in sse.events(pieces)] == [16_000_000]


def test_an_event_without_an_end_is_rejected_at_the_limit():
    taken = []
    endless = (taken.append(1) or b"x" * 1_000_000 for _ in range(1000))

    with pytest.raises(InvalidResponseError, match="an event of the stream exceeds 16777216 bytes") as caught:
        list(sse.events(endless))

    assert caught.value.code == "event_too_large"
    assert len(taken) == 17


def test_many_events_may_exceed_the_limit_together():
    pieces = [b"data: " + b"x" * 1_000_000 + b"\n", b"\n"] * 20

    assert len(list(sse.events(pieces))) == 20


def test_an_event_of_too_many_lines_is_rejected_before_it_is_parsed():
    with pytest.raises(InvalidResponseError, match="an event of the stream exceeds 10000 lines"):
        list(sse.events([b"data: x\n" * 10_002 + b"\n"]))
