"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import json

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.anthropic.bodies import response_of
from tests.support.wire_cases import adapter_for


def test_an_answer_of_text_and_calls_has_no_provider_data() -> None:
    for name in ("anthropic-text", "anthropic-text-stream", "anthropic-tool-no-args", "anthropic-tool-no-args-stream"):
        message = response_of(name).message
        assert (message.provider_data, [call.provider_data for call in message.tool_calls]) == (
            None, [None] * len(message.tool_calls),
        )  # fmt: skip


@pytest.mark.parametrize("body", ["[]", '"x"', '{"type":"message","content":"x"}', '{"content":{}}'])
def test_a_body_that_is_not_a_message_is_an_invalid_response(body: str) -> None:
    with pytest.raises(InvalidResponseError):
        adapter_for("anthropic").decode(HttpResponse(status=200, body=body.encode()))


def test_a_call_without_a_name_is_an_invalid_response() -> None:
    body = {"type": "message", "content": [{"type": "tool_use", "id": "c1", "input": {}}]}

    with pytest.raises(InvalidResponseError, match="a tool call without a name"):
        adapter_for("anthropic").decode(HttpResponse(status=200, body=json.dumps(body).encode()))
