"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.bedrock_converse.bodies import ADAPTER, message_of


def test_a_citation_spans_the_text_of_its_block() -> None:
    for name in ("written-citations", "written-citations-stream"):
        message = message_of(name)

        assert {message.text[cited.start : cited.end] for cited in message.citations} == {"it is blue"}
        assert [cited.url for cited in message.citations] == [None, "https://example.com/sky"]
        assert all(cited.data for cited in message.citations)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the answer has no output.message"),
        ({"output": {"message": {"content": [{"toolUse": {"toolUseId": "t"}}]}}}, "a tool call without a name"),
    ],
)
def test_a_body_that_is_not_an_answer_is_an_invalid_response(body: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidResponseError, match=message):
        ADAPTER.decode(HttpResponse(status=200, body=json.dumps(body).encode()))


def test_an_answer_without_a_stop_reason_has_no_finish_reason() -> None:
    body = {"output": {"message": {"content": [{"text": "hi"}]}}}

    response = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(body).encode()))

    assert (response.text, response.finish_reason, response.raw_finish_reason) == ("hi", None, None)
