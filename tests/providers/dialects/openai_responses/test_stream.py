"""Streams of the Responses API that differ from OpenAI's, compared with the whole answers they stand for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from ai_lib.errors import AiLibError, InvalidResponseError, RateLimitError, StreamInterruptedError
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for, fold, reading, replay_events

REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}],
    "encrypted_content": "E",
}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello you", "annotations": [{"type": "url_citation", "url": "u"}]}],
}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": '{"a":1}'}
OTHER = {**CALL, "id": "fc_2", "call_id": "c2", "arguments": '{"a":2}'}
ITEMS = [REASONING, SEARCH, MESSAGE, CALL, OTHER]
END = {"id": "resp_1", "model": "m", "status": "completed", "usage": {"input_tokens": 3, "output_tokens": 5}}


def started(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "arguments": ""} if "arguments" in item else {**item, "content": [], "summary": []}


def pieces_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events in which an item's text comes, without what ties them to the item."""
    if item["type"] == "reasoning":
        kind = "response.reasoning_summary_text.delta"
        return [
            {"type": kind, "summary_index": at, "delta": delta}
            for at, part in enumerate(item["summary"])
            for delta in (part["text"][:2], part["text"][2:])
        ]
    if item["type"] == "message":
        text = item["content"][0]["text"]
        return [{"type": "response.output_text.delta", "delta": delta} for delta in (text[:3], text[3:])]
    if item["type"] == "function_call":
        kind = "response.function_call_arguments"
        text = item["arguments"]
        deltas = [{"type": f"{kind}.delta", "delta": delta} for delta in (text[:2], text[2:])]
        return [*deltas, {"type": f"{kind}.done", "arguments": text}]
    return []


def as_openai(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp_1", "model": "m"}}]
    for place, item in enumerate(items):
        at = {"output_index": place}
        events.append({"type": "response.output_item.added", **at, "item": started(item)})
        events += [{**piece, **at, "item_id": item["id"]} for piece in pieces_of(item)]
        events.append({"type": "response.output_item.done", **at, "item": item})
    return [*events, {"type": "response.completed", "response": {**END, "output": list(items)}}]


def without_places(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key != "output_index"} for event in events]


def places_only_on_items(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event if "item" in event else without_places([event])[0] for event in events]


def new_ids_everywhere(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changed = []
    for number, event in enumerate(events):
        ids: dict[str, Any] = {"item_id": f"x_{number}"} if "item_id" in event else {}
        if "item" in event and event["item"]["type"] != "function_call":
            ids["item"] = {**event["item"], "id": f"x_{number}"}
        changed.append({**event, **ids})
    return changed


def without(*kinds: str) -> Any:
    def changed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [event for event in events if not event["type"].endswith(kinds)]

    return changed


def empty_end(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*events[:-1], {"type": "response.completed", "response": {**END, "output": []}}]


def named_done(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*events[:-1], {**events[-1], "type": "response.done"}]


def with_unknown_events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    more: list[dict[str, Any]] = [
        {"type": "response.in_progress", "response": None},
        {"type": "response.web_search_call.searching", "item_id": "ws_1"},
        {"type": "response.output_text.delta", "delta": "", "obfuscation": "aXb3", "output_index": 2},
        {"type": "keepalive"},
        {"hello": "you"},
    ]
    return [events[0], *more[:2], *events[1:-1], *more[2:], events[-1]]


def whole_answer(items: list[dict[str, Any]]) -> ChatCompletionResponse:
    payload = {**END, "output": items}
    return adapter_for("openai", "responses").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


def streamed(events: Iterable[Any], provider: str = "openai") -> tuple[ChatCompletionResponse, AiLibError | None]:
    api = "responses" if provider != "perplexity" else None
    chunks, error = replay_events(
        adapter_for(provider, api), [event if isinstance(event, str) else json.dumps(event) for event in events]
    )
    return fold(chunks), error


@pytest.mark.parametrize(
    "variant",
    [
        lambda events: events,
        without_places,
        places_only_on_items,
        new_ids_everywhere,
        without(".delta"),
        without(".delta", "arguments.done"),
        without("arguments.delta"),
        without("item.added"),
        without(".delta", "arguments.done", "item.added"),
        without(".delta", "arguments.done", "item.added", "item.done"),
        without("item.done"),
        empty_end,
        named_done,
        with_unknown_events,
        lambda events: [*events, "[DONE]"],
    ],
    ids=["openai", "no places", "places only on items", "new ids in every event", "no deltas", "only items",
         "arguments only when done", "no beginnings", "only ends", "only the last event", "no ends", "an empty end",
         "response.done", "unknown events", "a mark at the end"],
)  # fmt: skip
def test_a_stream_reads_like_the_whole_answer_whichever_events_a_service_sends(variant: Any) -> None:
    found, error = streamed(variant(as_openai(ITEMS)))

    assert error is None
    expected = reading(whole_answer(ITEMS))
    ids = {"choices", "provider_data"} if variant is new_ids_everywhere else {"choices"}
    assert {k: v for k, v in reading(found).items() if k not in ids} == {
        k: v for k, v in expected.items() if k not in ids
    }
    assert found.reasoning == "One.\n\nTwo."


def test_text_of_which_pieces_were_lost_is_completed_from_its_item() -> None:
    events = [event for event in as_openai([MESSAGE]) if event.get("delta") != "lo you"]

    assert streamed(events)[0].text == "Hello you"


def test_reasoning_that_comes_in_both_forms_is_read_once() -> None:
    both = {**REASONING, "content": [{"type": "reasoning_text", "text": "Hm."}]}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": started(both)},
        {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "Hm."},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "One."},
        {"type": "response.output_item.done", "output_index": 0, "item": both},
        {"type": "response.completed", "response": {**END, "output": [both]}},
    ]

    assert streamed(events)[0].reasoning == whole_answer([both]).reasoning == "Hm."


def test_calls_in_a_wrapper_are_unwrapped_and_nothing_of_the_wrapper_shows() -> None:
    uses = [{"recipient_name": "functions.a", "parameters": {"x": 1}}, {"recipient_name": "functions.b"}]
    wrapper = {**CALL, "name": "parallel", "arguments": json.dumps({"tool_uses": uses})}

    found, _ = streamed(as_openai([wrapper, OTHER]))

    assert [(call.id, call.name, call.arguments) for call in found.tool_calls] == [
        ("c1_0", "a", {"x": 1}),
        ("c1_1", "b", {}),
        ("c2", "add", {"a": 2}),
    ]
    assert reading(found) == reading(whole_answer([wrapper, OTHER]))


def test_a_tool_that_only_has_the_name_of_a_wrapper_streams_as_a_call() -> None:
    call = {**CALL, "name": "parallel"}

    assert streamed(as_openai([call]))[0].tool_calls == whole_answer([call]).tool_calls


def test_a_call_that_runs_at_the_service_is_not_left_to_the_caller() -> None:
    step = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "xs_1", "name": "x_keyword_search", "input": "{}"}
    events = as_openai([step, MESSAGE])
    events.insert(2, {"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "{}"})

    found, error = streamed(events, "xai")

    assert error is None
    assert (found.tool_calls, found.text, found.finish_reason) == ((), "Hello you", "stop")
    assert found.message.provider_data == {"xai/responses": {"output": [step, MESSAGE]}}


def test_arguments_may_come_as_an_object() -> None:
    call = {**CALL, "arguments": {"a": 1}}
    events = [{"type": "response.completed", "response": {**END, "output": [call]}}]

    assert streamed(events)[0].tool_calls[0].arguments == whole_answer([call]).tool_calls[0].arguments == {"a": 1}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down", "param": None, "sequence_number": 4},
        {"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Slow down"}},
        {"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "Slow down"}}},
        {"type": "response.completed",
         "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow down"}}},
        {"error": {"code": "rate_limit_exceeded", "message": "Slow down"}},
    ],
    ids=["fields at the top", "fields inside", "failed", "failed at the end", "no event at all"],
)  # fmt: skip
def test_an_error_in_the_stream_is_typed_wherever_it_stands(event: dict[str, Any]) -> None:
    found, error = streamed([*as_openai([MESSAGE])[:-2], event])

    assert isinstance(error, RateLimitError)
    assert (error.code, error.message) == ("rate_limit_exceeded", "Slow down")
    assert found.text == "Hello you"


def test_a_stream_of_chat_completions_is_refused_with_a_hint() -> None:
    _, error = streamed([{"id": "1", "choices": [{"index": 0, "delta": {"content": "hi"}}]}])

    assert isinstance(error, InvalidResponseError)
    assert error.code == "other_api"
    assert "api='responses'" in error.hint


@pytest.mark.parametrize("end", [[], ["[DONE]"]])
def test_a_stream_without_its_last_event_is_interrupted(end: list[str]) -> None:
    found, error = streamed([*as_openai([MESSAGE])[:-1], *end])

    assert type(error) is StreamInterruptedError
    assert found.text == "Hello you"


def test_items_without_ids_and_places_are_read_one_after_another() -> None:
    calls = [{key: value for key, value in call.items() if key != "id"} for call in (CALL, OTHER)]
    done = [{"type": "response.output_item.done", "item": call} for call in calls]

    found, error = streamed([*done, {"type": "response.completed", "response": {**END, "output": calls}}])

    assert error is None
    assert [(call.id, call.arguments) for call in found.tool_calls] == [("c1", {"a": 1}), ("c2", {"a": 2})]


def test_log_probabilities_may_come_with_the_whole_item_only() -> None:
    message = {**MESSAGE, "content": [{**part, "logprobs": [{"token": "Hello"}]} for part in MESSAGE["content"]]}
    events = [{"type": "response.completed", "response": {**END, "output": [message]}}]

    assert streamed(events)[0].choices[0].logprobs == {"content": [{"token": "Hello"}]}
