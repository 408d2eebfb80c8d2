"""What every dialect uses: reading numbers, joining bodies, finding what belongs to a model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, InvalidResponseError
from ai_lib.providers.reading import (
    check_object,
    encode_arguments,
    first_int,
    match_model,
    merge_extensions,
    owned_data,
    parse_events,
    read_decimal,
    read_int,
    read_text,
    short_id,
    tool_names_by_id,
)
from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), (3.0, 3), (0, 0), (True, None), ("3", None), (None, None), (float("nan"), None), (float("inf"), None)],
)
def test_only_numbers_count(value: Any, expected: int | None) -> None:
    assert read_int(value) == expected
    assert first_int(None, "x", value, 7) == (7 if expected is None else expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.1", Decimal("0.1")), (0.1, Decimal("0.1")), (2, Decimal(2)), (None, None), (True, None), ("free", None)],
)
def test_a_price_is_exact(value: Any, expected: Decimal | None) -> None:
    assert read_decimal(value) == expected


def test_text_may_be_missing_and_is_nothing_else() -> None:
    assert (read_text("a"), read_text(None)) == ("a", "")
    with pytest.raises(TypeError):
        read_text(5)


def test_the_end_mark_of_other_dialects_is_passed_over() -> None:
    assert list(parse_events(['{"a":1}', "[DONE]"])) == [{"a": 1}]
    with pytest.raises(ValueError, match="expected an object, got list"):
        list(parse_events(["[1]"]))


@pytest.mark.parametrize("payload", [None, [], "x", 1])
def test_an_answer_that_is_not_an_object_is_an_invalid_response(payload: Any) -> None:
    with pytest.raises(InvalidResponseError, match=f"got {type(payload).__name__}"):
        check_object(payload)


def test_data_is_sent_to_its_owner_and_the_users_own_to_all() -> None:
    data = {"a": {"x": 1}, "b": {"x": 2}, "*": {"x": 0, "y": 0}}

    assert owned_data(data, "a") == {"x": 1, "y": 0}
    assert owned_data(data, "c") == {"x": 0, "y": 0}
    assert owned_data(None, "a") == {}


def test_the_name_of_a_tool_is_found_by_the_calls_id() -> None:
    messages = [Message.user("?"), Message.assistant(tool_calls=[ToolCall("1", "add"), ToolCall("2", "sub")])]

    assert tool_names_by_id(messages) == {"1": "add", "2": "sub"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [('{"a":1}', {"a": 1}), ("", {}), ("[1]", {"INVALID_JSON": "[1]"}), ("{", {"INVALID_JSON": "{"})],
)
def test_arguments_that_are_no_object_go_back_as_text(arguments: str, expected: dict[str, Any]) -> None:
    assert encode_arguments(ToolCall("1", "add", arguments)) == expected


@pytest.mark.parametrize(
    ("body", "extensions", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"y": 2, "z": 3}}, {"a": {"x": 1, "y": 2, "z": 3}}),
        ({"a": {"b": {"x": 1}}}, {"a": {"b": {"y": 2}}}, {"a": {"b": {"x": 1, "y": 2}}}),
    ],
)
def test_extensions_are_joined_with_the_body(body: Any, extensions: Any, expected: Any) -> None:
    before = repr(body)

    assert merge_extensions(body, extensions) == expected
    assert repr(body) == before


@pytest.mark.parametrize("extensions", [{"a": 2}, {"a": {"x": 1}}, {"stream": True}])
def test_a_field_that_is_set_twice_is_refused(extensions: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=f"already sets: {next(iter(extensions))}"):
        merge_extensions({"a": 1}, extensions, reserved=frozenset({"stream"}))


@pytest.mark.parametrize(
    ("model", "expected"),
    [("claude-3-5-haiku", 8192), ("claude-3-opus", 4096), ("anthropic.claude-9", 1), (None, 1), ("", 1)],
)
def test_the_first_pattern_that_fits_a_model_counts(model: str | None, expected: int) -> None:
    assert match_model({"claude-3-5*": 8192, "claude-3*": 4096, "*": 1}, model) == expected


def test_without_a_pattern_that_fits_there_is_nothing() -> None:
    assert match_model({"claude-*": 1}, "gpt") is None


@given(st.text())
def test_a_short_id_has_nine_letters_and_digits_and_stays_the_same(call_id: str) -> None:
    found = short_id(call_id)

    assert len(found) == 9
    assert found.isascii()
    assert found.isalnum()
    assert short_id(call_id) == short_id(found) == found
