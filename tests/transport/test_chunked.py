"""The chunked coding, cut at every place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.transport.chunked import ChunkedBody, ChunkedError

pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=8)


def chunked(parts: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = [b"%X%s\r\n%s\r\n" % (len(part), extension, part) for part in parts]
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


@given(
    parts=pieces,
    extension=st.sampled_from([b"", b";a=b"]),
    trailer=st.sampled_from([b"", b"X-A: b\r\n"]),
    data=st.data(),
)
def test_chunks_split_anywhere_give_the_same_bytes(parts, extension, trailer, data):
    wire = chunked(parts, extension, trailer)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    body = ChunkedBody()

    got = b"".join(body.feed(wire[a:b]) for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True))

    assert got == b"".join(parts)
    assert body.ended


@given(parts=pieces, data=st.data())
def test_a_body_that_is_cut_off_has_not_ended_and_gives_everything_that_arrived(parts, data):
    wire = chunked(parts)
    cut = data.draw(st.integers(0, len(wire) - 1))
    body = ChunkedBody()

    got = body.feed(wire[:cut])

    assert not body.ended
    assert b"".join(parts).startswith(got)


def test_all_chunks_that_have_arrived_are_one_piece():
    assert ChunkedBody().feed(b"1\r\na\r\n2\r\nbc\r\n3\r\nd") == b"abcd"


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"xyz\r\n", "a chunk has no length"),
        (b"\r\n", "a chunk has no length"),
        (b"-1\r\n", "a chunk has a negative length"),
        (b"1\r\nab\r\n", "a chunk is longer than its length"),
        (b"1" * 70_000, "a line between two chunks exceeds 65536 bytes"),
    ],
)
def test_the_content_before_an_error_is_returned_before_the_error(wire, reason):
    body = ChunkedBody()

    assert body.feed(b"2\r\nok\r\n" + wire).startswith(b"ok")
    assert isinstance(body.error, ChunkedError)
    assert reason in str(body.error)
