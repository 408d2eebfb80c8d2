"""Content parts as parts of a turn, and the arguments of a call that arrive in pieces."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import AiLibError, InvalidResponseError
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.gemini.bodies import (
    CALLED,
    FILES,
    FLASH_25,
    INLINE_PNG,
    PRO_3,
    body_and_omissions,
    candidate,
    fold_events,
    parts_of,
)
from tests.support.scenarios import PNG
from tests.support.wire_cases import adapter_for


@pytest.mark.parametrize(("part", "wire"), FILES)
def test_a_part_is_sent_as_bytes_or_as_a_url_with_its_media_type(part: Any, wire: dict[str, Any]) -> None:
    assert parts_of(Message.user("see", part)) == [{"text": "see"}, wire]


def test_image_detail_becomes_a_resolution_where_the_model_supports_it() -> None:
    message = Message.user(attrs.evolve(PNG, detail="high"), attrs.evolve(PNG, detail="auto"))

    assert parts_of(message, model=PRO_3) == [
        {**INLINE_PNG, "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}},
        INLINE_PNG,
    ]
    assert body_and_omissions([message], model=FLASH_25)[1] == ["image detail"]


@pytest.mark.parametrize(
    "messages",
    [
        [Message.user(Text("a", cache="5m"))],
        [Message.user("a"), CALLED, Message.tool("c1", Json(1, cache="1h"))],
    ],
)
def test_a_cache_mark_is_refused(messages: list[Message]) -> None:
    assert body_and_omissions(messages)[1] == ["cache"]


def stream_arguments(*pieces: dict[str, Any], end: bool = True) -> tuple[ChatCompletionResponse, AiLibError | None]:
    """Return what a stream says whose one call gets these pieces of its arguments."""
    calls = [{"name": "f", "willContinue": True}, *[{"partialArgs": [piece], "willContinue": True} for piece in pieces]]
    parts = [{"functionCall": call} for call in [*calls, *([{}] if end else [])]]
    return fold_events(
        *[{"candidates": [candidate(part, finish=None)]} for part in parts], {"candidates": [candidate()]}
    )


def pieces_of(value: Any, path: str = "$") -> list[dict[str, Any]]:
    """Return a value as the pieces that would make it, each text in two."""
    if isinstance(value, dict):
        return [piece for key, item in value.items() for piece in pieces_of(item, f"{path}['{key}']")]
    if isinstance(value, list):
        return [piece for place, item in enumerate(value) for piece in pieces_of(item, f"{path}[{place}]")]
    if isinstance(value, str):
        half = len(value) // 2
        return [
            {"jsonPath": path, "stringValue": value[:half], "willContinue": True},
            {"jsonPath": path, "stringValue": value[half:]},
        ]
    kind = "nullValue" if value is None else "boolValue" if isinstance(value, bool) else "numberValue"
    return [{"jsonPath": path, kind: "NULL_VALUE" if value is None else value}]


NAMES = st.text(st.characters(codec="ascii", exclude_characters="'\\", exclude_categories=["Cc"]), min_size=1)
LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, min_size=1) | st.dictionaries(NAMES, inner, min_size=1), max_leaves=8
)


@given(arguments=st.dictionaries(NAMES, VALUES), end=st.booleans())
def test_arguments_that_arrive_in_pieces_are_joined(arguments: dict[str, Any], end: bool) -> None:
    response, error = stream_arguments(*pieces_of(arguments), end=end)

    assert error is None
    assert [call.arguments for call in response.tool_calls] == [arguments]
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize("path", ["", "$", "a", "$a", "$.", "$[0]", "$.a[x]", "$.a[5]", "$.a b[", "$['a"])
def test_a_malformed_path_is_an_invalid_response(path: str) -> None:
    _, error = stream_arguments({"jsonPath": path, "numberValue": 1})

    assert isinstance(error, InvalidResponseError)
    assert error.code == "malformed_event"


def test_a_piece_that_belongs_into_a_string_is_an_invalid_response() -> None:
    _, error = stream_arguments({"jsonPath": "$.a", "numberValue": 1}, {"jsonPath": "$.a.b", "numberValue": 1})

    assert isinstance(error, InvalidResponseError)


def test_a_signature_that_comes_with_a_later_piece_is_kept_with_its_call() -> None:
    response, _ = fold_events(
        {"candidates": [candidate({"functionCall": {"id": "x", "name": "f", "willContinue": True}}, finish=None)]},
        {"candidates": [candidate({"functionCall": {}, "thoughtSignature": "c2ln"})]},
    )

    assert response.tool_calls[0].id == "x"
    assert response.tool_calls[0].provider_data == {"gemini": {"thoughtSignature": "c2ln"}}


def test_a_call_whose_end_is_missing_ends_with_the_next_one_and_with_the_answer() -> None:
    response, _ = fold_events(
        {"candidates": [candidate({"functionCall": {"name": "f", "willContinue": True}}, finish=None)]},
        {"candidates": [candidate({"functionCall": {"name": "g", "args": {"a": 1}, "willContinue": True}})]},
    )

    assert [(call.name, call.arguments) for call in response.tool_calls] == [("f", {}), ("g", {"a": 1})]


def test_a_whole_answer_without_a_finish_reason_ends_its_calls() -> None:
    payload = {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "willContinue": True}}]}}]}

    response = adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert [(call.id, call.name, call.arguments) for call in response.tool_calls] == [("call_0", "f", {})]
