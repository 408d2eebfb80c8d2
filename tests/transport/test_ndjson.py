"""One value a line, cut anywhere."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import InvalidResponseError
from ai_lib.transport import ndjson

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
cuts = st.lists(st.integers(0, 300))


def cut(whole, places):
    """Return the bytes in pieces, some of them empty."""
    borders = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(borders)]


@given(st.lists(values), st.sampled_from(["\n", "\r\n", "\n\n"]), cuts, st.booleans())
def test_values_come_back_as_they_were_sent(sent, end, places, ended):
    whole = end.join(json.dumps(value, ensure_ascii=False) for value in sent).encode("utf-8", "surrogatepass")
    whole += end.encode() * ended

    got = [json.loads(line) for line in ndjson.lines(cut(whole, places))]

    assert got == sent


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b" ", b"\xc3", b"\xa9", b"{}"])).map(b"".join), cuts)
def test_any_bytes_split_anywhere_give_the_same_lines(whole, places):
    expected = [line.strip() for line in whole.decode("utf-8", "replace").split("\n") if line.strip()]

    assert list(ndjson.lines(cut(whole, places))) == expected


def test_a_line_is_delivered_as_soon_as_its_end_arrives():
    def then_fails():
        yield b'{"a": 1}\n{"b"'
        raise AssertionError("asked for more than was needed")

    assert next(ndjson.lines(then_fails())) == '{"a": 1}'


def test_the_last_line_may_lack_its_end():
    assert list(ndjson.lines([b"1\n2"])) == ["1", "2"]


def test_invalid_utf_8_is_replaced():
    assert list(ndjson.lines([b'"\xff"\n'])) == ['"\ufffd"']


def test_a_line_without_an_end_is_rejected_at_the_limit():
    taken = []
    endless = (taken.append(1) or b"x" * 1_000_000 for _ in range(1000))

    with pytest.raises(InvalidResponseError, match="a line of the stream exceeds 16777216 bytes") as caught:
        list(ndjson.lines(endless))

    assert caught.value.code == "event_too_large"
    assert len(taken) == 17


def test_many_lines_may_exceed_the_limit_together():
    pieces = [b"x" * 1_000_000, b"\n"] * 20

    assert len(list(ndjson.lines(pieces))) == 20
