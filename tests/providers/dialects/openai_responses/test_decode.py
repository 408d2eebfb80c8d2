"""Whole answers of the Responses API; `tests/providers/dialects/test_replay.py` replays all recorded ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

OPENAI = adapter_for("openai", "responses")
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "add",
    "arguments": '{"a":1}',
    "status": "completed",
}


def said(text: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **fields}


def answer(*items: dict[str, Any], **fields: Any) -> ChatCompletionResponse:
    payload = {"id": "resp_1", "status": "completed", "model": "m", "output": list(items), **fields}
    return OPENAI.decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


def test_plain_answers_keep_nothing() -> None:
    assert answer(said("hi"), CALL).message.provider_data is None
    assert answer(said("hi", phase="commentary")).message.provider_data is not None


@pytest.mark.parametrize(
    ("fields", "finish", "raw"),
    [
        ({}, "stop", "completed"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
            "content_filter",
        ),
        ({"status": "in_progress"}, None, "in_progress"),
    ],
)
def test_the_finish_reason_comes_from_status_and_details(fields: dict[str, Any], finish: str | None, raw: str) -> None:
    found = answer(said("hi"), **fields)

    assert (found.finish_reason, found.raw_finish_reason) == (finish, raw)


def test_a_refusal_is_read() -> None:
    refused = {**said(""), "content": [{"type": "refusal", "refusal": "I cannot."}]}

    assert answer(refused).refusal == "I cannot."


def test_a_tool_that_only_has_the_name_of_a_wrapper_is_read_as_a_call() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "parallel", "arguments": '{"lines":2}'}

    (found,) = answer(call).tool_calls

    assert (found.id, found.name, found.arguments) == ("c1", "parallel", {"lines": 2})


def test_the_input_of_a_custom_tool_that_is_not_a_string_is_an_invalid_response() -> None:
    with pytest.raises(InvalidResponseError, match="the input of a custom tool must be a string, not dict"):
        answer({"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": {}})


def test_a_citation_that_comes_twice_is_read_once() -> None:
    part = {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation", "url": "u"}] * 2}

    assert [found.url for found in answer({"type": "message", "content": [part]}).citations] == ["u"]
