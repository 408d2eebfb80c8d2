"""Every recorded answer in `tests/wire/openai_chat`, replayed through the adapter."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import AiLibError, InvalidResponseError, StreamInterruptedError
from ai_lib.transport import sse
from ai_lib.types.chunk import chunks_of
from ai_lib.types.fold import Fold
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpResponse
from tests.wire_cases import (
    KEY,
    Case,
    adapter_for,
    as_params,
    cases_of,
    error_reading,
    fold,
    reading,
    replay,
    same_fields,
)

STREAMS = cases_of("openai_chat", "stream")
WHOLE = cases_of("openai_chat", "whole")
GOOD_STREAMS = [case for case in STREAMS if "error" not in case.expected]
GOOD_WHOLE = [case for case in WHOLE if "error" not in case.expected]
FAILURES = [case for case in cases_of("openai_chat", "whole", "error") if "error" in case.expected]
SMALL = [case for case in STREAMS if len(case.body) < 3000]
# Recordings of one provider's answer to the same request, whole and as a stream.
PAIRS = ["alibaba-tool-call", "deepseek-tool-call", "groq-tool-call", "openai-chat-text", "xai-chat-text",
         "xai-chat-tool-call", "mistral-text", "mistral-tool-call", "mistral-reasoning", "perplexity-text",
         "perplexity-citations", "openai-completion-text"]  # fmt: skip


def expected_of(case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.expected.items() if key not in ("provider", "error")}


def boundaries_of(case: Case) -> list[int]:
    """Return where events end; of long streams the first and last ten and every tenth between."""
    ends = [found.end() for found in re.finditer(rb"\r\n\r\n|\n\n|\r\r", case.body)]
    return ends if len(ends) < 40 else [*ends[:10], *ends[10:-10:10], *ends[-10:]]


# --- whole answers and errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", as_params(GOOD_WHOLE))
def test_a_whole_answer_reads_as_expected(case: Case) -> None:
    answer = case.adapter.decode(case.http)

    found = reading(answer)
    assert same_fields(found, expected_of(case)) == expected_of(case)
    assert answer.raw["choices"]
    assert answer.provider == case.expected["provider"]


@pytest.mark.parametrize("case", as_params(FAILURES))
def test_an_error_becomes_its_class_with_status_code_message_and_provider(case: Case) -> None:
    with pytest.raises(AiLibError) as caught:
        case.adapter.decode(case.http)

    error = caught.value
    assert same_fields(error_reading(error), case.expected["error"]) == case.expected["error"]
    assert error.message
    assert KEY not in f"{error!s} {error!r} {error.body}"


@pytest.mark.parametrize("case", as_params(cases_of("openai_chat", "error")))
def test_an_error_answer_names_the_provider_and_keeps_the_body(case: Case) -> None:
    error = None
    try:
        case.adapter.decode(case.http)
    except AiLibError as caught:
        error = caught

    assert error is not None
    assert error.provider == case.expected["provider"]
    assert error.body is not None


@pytest.mark.parametrize("case", as_params(GOOD_WHOLE))
def test_a_whole_answer_given_out_as_chunks_folds_to_itself(case: Case) -> None:
    answer = case.adapter.decode(case.http)

    folded = fold(chunks_of(answer))

    assert reading(folded) == reading(answer)


# --- streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", as_params(STREAMS))
def test_a_stream_fed_whole_reads_as_expected(case: Case) -> None:
    chunks, error = replay(case.adapter, [case.body])

    found = {**reading(fold(chunks)), "error": error_reading(error)}
    wanted = {**expected_of(case), "error": case.expected.get("error")}
    assert same_fields(found, wanted) == wanted


@pytest.mark.parametrize("case", as_params(STREAMS))
def test_a_stream_fed_byte_by_byte_reads_the_same(case: Case) -> None:
    whole, error = replay(case.adapter, [case.body])

    bytewise, same_error = replay(case.adapter, (case.body[at : at + 1] for at in range(len(case.body))))

    assert bytewise == whole or repr(bytewise) == repr(whole)  # NaN is not equal to itself
    assert error_reading(same_error) == error_reading(error)


@pytest.mark.parametrize("case", as_params(SMALL))
def test_a_cut_at_any_byte_changes_no_event(case: Case) -> None:
    whole = list(sse.events([case.body]))

    differing = [
        at for at in range(len(case.body)) if list(sse.events([case.body[:at], case.body[at:]])) != whole
    ]  # fmt: skip

    assert differing == []


@settings(deadline=None, max_examples=60)
@given(case=st.sampled_from(GOOD_STREAMS), data=st.data())
def test_a_stream_cut_anywhere_reads_the_same(case: Case, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(case.body)), max_size=8)))
    pieces = [case.body[start:end] for start, end in zip([0, *cuts], [*cuts, len(case.body)], strict=True)]

    chunks, error = replay(case.adapter, pieces)

    assert error is None
    assert same_fields(reading(fold(chunks)), expected_of(case)) == expected_of(case)


@pytest.mark.parametrize("case", as_params(GOOD_STREAMS))
def test_a_stream_broken_off_between_events_is_complete_or_an_error(case: Case) -> None:
    complete = reading(fold(replay(case.adapter, [case.body])[0]))

    for end in boundaries_of(case):
        chunks, error = replay(case.adapter, [case.body[:end]])
        assert_complete_or_broken(reading(fold(chunks)), error, complete)


@settings(deadline=None, max_examples=150)
@given(case=st.sampled_from(STREAMS), data=st.data())
def test_a_stream_broken_off_anywhere_is_complete_or_an_error(case: Case, data: st.DataObject) -> None:
    complete, its_error = replay(case.adapter, [case.body])
    end = data.draw(st.integers(0, len(case.body)))

    chunks, error = replay(case.adapter, [case.body[:end]])

    assert error is not None or its_error is None
    assert_complete_or_broken(reading(fold(chunks)), error, reading(fold(complete)))


def assert_complete_or_broken(found: dict[str, Any], error: AiLibError | None, complete: dict[str, Any]) -> None:
    """The text is a prefix; without an error everything is there but what comes after the finish reason."""
    assert complete["text"].startswith(found["text"])
    assert (complete["reasoning"] or "").startswith(found["reasoning"] or "")
    assert error is not None or without_late_facts(found) == without_late_facts(complete)


def without_late_facts(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the choices without citations; they and the usage may come in events of their own at the very end."""
    return [{key: value for key, value in choice.items() if key != "citations"} for choice in found["choices"]]


@pytest.mark.parametrize("case", as_params(GOOD_STREAMS))
def test_a_stream_that_breaks_off_says_so_in_its_own_class(case: Case) -> None:
    _, error = replay(case.adapter, [case.body[:20]])

    assert type(error) is StreamInterruptedError
    assert error.retryable is False


@pytest.mark.parametrize("case", as_params(GOOD_STREAMS))
def test_chunks_folded_one_by_one_always_give_the_text_so_far(case: Case) -> None:
    chunks, _ = replay(case.adapter, [case.body])
    folded = Fold()
    text = {0: ""}

    for chunk in chunks[:50]:
        folded.add(chunk)
        text[chunk.index] = text.get(chunk.index, "") + chunk.text
        so_far = folded.response(ended=False)
        assert {choice.index: choice.message.text for choice in so_far.choices} | {0: text[0]} == text

    assert folded.response(ended=True).usage_status in (UsageStatus.FINALIZED, UsageStatus.UNSUPPORTED)


@pytest.mark.parametrize("name", PAIRS)
def test_a_recorded_stream_has_the_shape_of_the_recorded_whole_answer(name: str) -> None:
    (whole,) = (case for case in WHOLE if case.name == name)
    (stream,) = (case for case in STREAMS if case.name == f"{name}-stream")

    answer = reading(whole.adapter.decode(whole.http))
    streamed = reading(fold(replay(stream.adapter, [stream.body])[0]))

    def shape(found: dict[str, Any]) -> dict[str, Any]:
        return {
            "fields": {key: bool(found[key]) for key in ("text", "refusal", "usage", "id", "model")},
            "finish_reason": found["finish_reason"],
            "tool_calls": [call["name"] for call in found["tool_calls"]],
            "cited": found["citations"]["count"] > 0,
            "choices": len(found["choices"]),
        }

    assert shape(streamed) == shape(answer)


def test_the_end_of_a_finished_choice_does_not_end_another_one() -> None:
    (case,) = (case for case in STREAMS if case.name == "written-two-choices-interleaved")
    end_of_first = case.body.index(b'"finish_reason":"stop"')
    cut = case.body.index(b"\n\n", end_of_first) + 2

    _, error = replay(case.adapter, [case.body[:cut]])

    assert type(error) is StreamInterruptedError


def test_the_pieces_of_a_list_with_one_index_come_back_as_one() -> None:
    (case,) = (case for case in STREAMS if case.name == "written-reasoning-details-stream")
    (whole,) = (case for case in WHOLE if case.name == "written-reasoning-details")

    streamed = fold(replay(case.adapter, [case.body])[0])

    assert streamed.message.provider_data == whole.adapter.decode(whole.http).message.provider_data


THOUGHT = st.text("a <>/think\n", max_size=30).filter(lambda text: "</think>" not in text)


@settings(deadline=None, max_examples=200)
@given(before=st.sampled_from(["", " ", "\n"]), thought=THOUGHT, after=THOUGHT, tagged=st.booleans(), data=st.data())
def test_think_tags_read_the_same_whole_and_in_pieces(
    before: str, thought: str, after: str, tagged: bool, data: st.DataObject
) -> None:
    text = f"{before}<think>{thought}</think>{after}" if tagged else before + thought + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    events = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    adapter = adapter_for("wire_think_tags")

    streamed = fold(adapter.decode_stream([*events, "[DONE]"]))
    whole = adapter.decode(HttpResponse(status=200, body=json.dumps(body).encode()))

    assert (streamed.text, streamed.reasoning) == (whole.text, whole.reasoning)


# --- what no provider should send --------------------------------------------------------------------------------

JUNK = st.sampled_from([None, True, 0, -1, 1.5, "", "x", [], [1], ["x"], [None], {}, {"x": 1}, [{}], [[]], 1e400])


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places_in(item, (*path, key)))]


def with_junk(payload: Any, data: st.DataObject) -> Any:
    """Return the payload with something else in one place."""
    path = data.draw(st.sampled_from(places_in(payload)))
    junk = data.draw(JUNK)
    if not path:
        return junk
    changed = copy.deepcopy(payload)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = junk
    return changed


@settings(deadline=None, max_examples=300)
@given(case=st.sampled_from(GOOD_WHOLE), data=st.data())
def test_an_answer_with_junk_in_one_place_is_read_or_a_typed_error(case: Case, data: st.DataObject) -> None:
    payload = with_junk(json.loads(case.body), data)
    response = HttpResponse(status=200, body=json.dumps(payload).encode())

    answer = error = None
    try:
        answer = case.adapter.decode(response)
    except AiLibError as caught:
        error = caught

    assert answer is None or reading(answer)
    assert error is None or str(error)


@settings(deadline=None, max_examples=300)
@given(case=st.sampled_from([case for case in GOOD_STREAMS if len(case.body) < 20000]), data=st.data())
def test_a_stream_with_junk_in_one_event_is_read_or_a_typed_error(case: Case, data: st.DataObject) -> None:
    events = [event for event in sse.events([case.body]) if event != "[DONE]"]
    place = data.draw(st.integers(0, len(events) - 1))
    events[place] = json.dumps(with_junk(json.loads(events[place]), data))
    body = "".join(f"data: {event}\n\n" for event in events).encode()

    chunks, error = replay(case.adapter, [body])

    assert error is None or str(error)
    assert fold(chunks).choices


@pytest.mark.parametrize(
    "body", [b"", b" ", b"null", b"1", b'"text"', b"[]", b"[" * 200_000, b"{}", b'{"choices": {}}']
)
def test_a_body_that_is_no_completion_is_an_invalid_response(body: bytes) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError) as caught:
        adapter.decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    assert caught.value.code in ("not_json", "not_a_completion", "no_choices")


@pytest.mark.parametrize(
    "event", ["", "{", "null", "1", '"x"', "[]", "[" * 200_000, '{"choices": 1}', '{"choices": [1]}']
)
def test_an_event_that_is_no_chunk_is_an_invalid_response(event: str) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError, match="an event of the stream is not formed as promised") as caught:
        list(adapter.decode_stream([event]))

    assert caught.value.code == "malformed_event"


def test_a_malformed_answer_says_what_is_wrong_and_keeps_the_body_without_the_key() -> None:
    body = json.dumps({"choices": [{"message": 5}], "note": KEY}).encode()

    with pytest.raises(InvalidResponseError) as caught:
        adapter_for("wire").decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    error = caught.value
    assert str(error).startswith("wire: the answer is not formed as promised: AttributeError")
    assert (error.code, error.request_id) == ("malformed_answer", "r1")
    assert KEY not in (error.body or "")
