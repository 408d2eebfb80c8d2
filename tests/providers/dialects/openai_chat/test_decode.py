"""Whole chat completions; `tests/providers/dialects/test_replay.py` replays all recorded ones."""

from __future__ import annotations

import json

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import KEY, adapter_for


@pytest.mark.parametrize(
    "body", [b"", b" ", b"null", b"1", b'"text"', b"[]", b"[" * 200_000, b"{}", b'{"choices": {}}']
)
def test_a_body_that_is_not_a_completion_is_an_invalid_response(body: bytes) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError) as caught:
        adapter.decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    assert caught.value.code in ("not_json", "not_a_completion", "no_choices")


def test_a_malformed_answer_says_what_is_wrong_and_keeps_the_body_without_the_key() -> None:
    body = json.dumps({"choices": [{"message": 5}], "note": KEY}).encode()

    with pytest.raises(InvalidResponseError) as caught:
        adapter_for("wire").decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    error = caught.value
    assert str(error).startswith("wire: malformed response: AttributeError")
    assert (error.code, error.request_id) == ("malformed_answer", "r1")
    assert KEY not in (error.body or "")
