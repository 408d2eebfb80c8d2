"""Conversations that move from one provider to another: every recorded answer can be continued everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.serialize import from_json, to_json
from ai_lib.types.tool import Tool
from tests.support.wire_cases import Case, adapter_for, as_params, cases_of, fold, replay

# One provider for each wire format, and those whose switches change most.
SPEAKERS = [
    ("openai", None), ("openai", "responses"), ("anthropic", None), ("gemini", None), ("vertex", None), ("cohere", None),
    ("bedrock", None), ("ollama", None), ("replicate", None), ("mistral", None), ("deepseek", None), ("moonshot", None),
    ("qwen", None), ("xai", "responses"), ("perplexity", None), ("vertex", "anthropic"),
]  # fmt: skip
# Half a surrogate pair can be read, but not be written as UTF-8: sending it again raises InvalidRequestError.
UNSENDABLE = "written-half-surrogate"
ANSWERS = [
    case
    for case in cases_of(None, "whole", "stream")
    if "error" not in case.expected and len(case.body) < 12_000 and UNSENDABLE not in case.name
]


def answer_of(case: Case) -> ChatCompletionResponse:
    if case.kind == "whole":
        return case.adapter.decode(case.http)
    return fold(replay(case.adapter, [case.body])[0])


def conversation_with(answer: ChatCompletionResponse) -> tuple[list[Message], list[Tool]]:
    """Return a conversation that continues after an answer: with the results of its tool calls, or another question."""
    calls = answer.tool_calls
    results = [Message.tool(call.id, f"result of {call.id}") for call in calls]
    names = dict.fromkeys(call.name for call in calls if call.name)
    tools = [Tool(name) for name in names if name.replace("_", "").replace("-", "").isalnum() and len(name) <= 64]
    return [Message.user("A question."), answer.message, *results, Message.user("Another one.")], tools


@pytest.mark.parametrize("case", as_params(ANSWERS))
def test_an_answer_can_go_on_at_every_provider(case: Case) -> None:
    answer = answer_of(case)
    messages, tools = conversation_with(answer)

    for provider, api in SPEAKERS:
        adapter = adapter_for(provider, api)
        request = ChatCompletionRequest(model=adapter.config.default_model or "m", messages=messages, tools=tools)
        prepared, left_out = adapter.chat_request(request, stream=False, on_unsupported="drop")

        body: dict[str, Any] = json.loads(prepared.body or b"")
        text = json.dumps(body, ensure_ascii=False)
        assert "Another one." in text
        foreign = set(answer.message.provider_data or {}) - {adapter.config.owner}
        assert bool(foreign) <= any(note.startswith("provider_data") for note in left_out)


@pytest.mark.parametrize("case", as_params(ANSWERS))
def test_an_answer_that_was_stored_as_json_goes_back_the_same(case: Case) -> None:
    answer = answer_of(case)
    stored = from_json(to_json(answer.message), Message)
    bodies = []

    for message in (answer.message, stored):
        messages, tools = conversation_with(answer)
        request = ChatCompletionRequest(model="m", messages=[messages[0], message, *messages[2:]], tools=tools)
        bodies.append(case.adapter.chat_request(request, stream=False, on_unsupported="drop")[0].body)

    assert stored == answer.message
    assert bodies[0] == bodies[1]
