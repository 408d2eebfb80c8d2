"""Fake responses and streams."""

import pytest

from ai_lib import CancelledError
from ai_lib.testing.response import PieceStream


def test_a_cancelled_stream_yields_no_further_piece():
    stream = PieceStream(200, {}, [b"a", b"b"])
    pieces = iter(stream)
    next(pieces)

    stream.cancel()

    with pytest.raises(CancelledError):
        next(pieces)
