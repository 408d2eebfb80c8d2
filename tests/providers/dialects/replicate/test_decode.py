"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for


def test_a_body_that_is_not_a_prediction_is_an_invalid_response() -> None:
    for body in (b"[]", b"{}"):
        with pytest.raises(InvalidResponseError):
            adapter_for("replicate").decode(HttpResponse(status=200, body=body))
