"""Every recorded answer in `tests/wire`, of every dialect, replayed through the adapter of its provider."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import AiLibError, StreamInterruptedError
from ai_lib.types.chunk import chunks_of
from ai_lib.types.fold import Fold
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import (
    KEY,
    Case,
    as_params,
    cases_of,
    error_reading,
    fold,
    reading,
    replay,
    replay_events,
    same_fields,
)

STREAMS = cases_of(None, "stream")
WHOLE = cases_of(None, "whole")
GOOD_STREAMS = [case for case in STREAMS if "error" not in case.expected]
GOOD_WHOLE = [case for case in WHOLE if "error" not in case.expected]
FAILURES = [case for case in cases_of(None, "whole", "error") if "error" in case.expected]
SMALL = [case for case in STREAMS if len(case.body) < 1500]


def expected_of(case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.expected.items() if key not in ("provider", "api", "error")}


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
    assert answer.raw
    assert answer.provider == case.expected["provider"]


@pytest.mark.parametrize("case", as_params(FAILURES))
def test_an_error_becomes_its_class_with_status_code_message_and_provider(case: Case) -> None:
    with pytest.raises(AiLibError) as caught:
        case.adapter.decode(case.http)

    error = caught.value
    assert same_fields(error_reading(error), case.expected["error"]) == case.expected["error"]
    assert error.message
    assert KEY not in f"{error!s} {error!r} {error.body}"


@pytest.mark.parametrize("case", as_params(cases_of(None, "error")))
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
def test_a_whole_answer_split_into_chunks_folds_to_itself(case: Case) -> None:
    answer = case.adapter.decode(case.http)

    folded = fold(chunks_of(answer))

    assert reading(folded) == reading(answer)


# --- streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", as_params(STREAMS))
def test_a_stream_fed_whole_reads_as_expected(case: Case) -> None:
    chunks, error = replay(case.adapter, [case.body])

    found = {**reading(fold(chunks)), "error": error_reading(error)}
    expected = {**expected_of(case), "error": case.expected.get("error")}
    assert same_fields(found, expected) == expected


@pytest.mark.parametrize("case", as_params(STREAMS))
def test_a_stream_fed_byte_by_byte_reads_the_same(case: Case) -> None:
    whole, error = replay(case.adapter, [case.body])

    bytewise, same_error = replay(case.adapter, (case.body[at : at + 1] for at in range(len(case.body))))

    assert bytewise == whole or repr(bytewise) == repr(whole)  # NaN is not equal to itself
    assert error_reading(same_error) == error_reading(error)


@pytest.mark.parametrize("case", as_params(SMALL))
def test_a_cut_at_any_byte_changes_no_event(case: Case) -> None:
    whole = list(case.events([case.body]))

    differing = [
        at for at in range(len(case.body)) if list(case.events([case.body[:at], case.body[at:]])) != whole
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


@settings(deadline=None, max_examples=80)
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
def test_a_stream_that_breaks_off_raises_its_own_class(case: Case) -> None:
    _, error = replay(case.adapter, [case.body[:20]])

    assert type(error) is StreamInterruptedError
    assert error.retryable is False


@pytest.mark.parametrize("case", as_params(GOOD_STREAMS))
def test_chunks_folded_one_by_one_have_the_text_so_far(case: Case) -> None:
    chunks, _ = replay(case.adapter, [case.body])
    folded = Fold()
    text = {0: ""}

    for chunk in chunks[:50]:
        folded.add(chunk)
        text[chunk.index] = text.get(chunk.index, "") + chunk.text
        so_far = folded.response(ended=False)
        assert {choice.index: choice.message.text for choice in so_far.choices} | {0: text[0]} == text

    assert folded.response(ended=True).usage_status in (UsageStatus.FINALIZED, UsageStatus.UNSUPPORTED)


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


@settings(deadline=None, max_examples=150)
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


@settings(deadline=None, max_examples=150)
@given(case=st.sampled_from([case for case in GOOD_STREAMS if len(case.body) < 20000]), data=st.data())
def test_a_stream_with_junk_in_one_event_is_read_or_a_typed_error(case: Case, data: st.DataObject) -> None:
    events = [event for event in case.events([case.body]) if event != "[DONE]"]
    place = data.draw(st.integers(0, len(events) - 1))
    events[place] = json.dumps(with_junk(json.loads(events[place]), data))

    chunks, error = replay_events(case.adapter, events)

    assert error is None or str(error)
    assert fold(chunks).choices
