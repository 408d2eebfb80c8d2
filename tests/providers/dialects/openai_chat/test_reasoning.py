"""Reasoning in chat completions: the forms of the request, and think tags in the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for, adapter_with, body_of, fold

REASONING = [
    ("effort", "low", {"reasoning_effort": "low"}),
    ("thinking", "none", {"thinking": {"type": "disabled"}}),
    ("thinking", "enabled", {"thinking": {"type": "enabled"}}),
    ("thinking", 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    ("thinking_effort", "disabled", {"thinking": {"type": "disabled"}}),
    ("thinking_effort", "high", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
    ("enable_thinking", "none", {"enable_thinking": False}),
    ("enable_thinking", 2000, {"enable_thinking": True, "thinking_budget": 2000}),
    ("object", "low", {"reasoning": {"effort": "low"}}),
    ("object", 2000, {"reasoning": {"max_tokens": 2000}}),
    ("object", "none", {"reasoning": {"effort": "none"}}),
    ("object", "enabled", {"reasoning": {"enabled": True}}),
    ("object", "disabled", {"reasoning": {"enabled": False}}),
    ({"other-*": "effort", "m*": "thinking"}, "none", {"thinking": {"type": "disabled"}}),
    ({"other-*": "thinking"}, "low", {"reasoning_effort": "low"}),
]


@pytest.mark.parametrize(("form", "reasoning", "expected"), REASONING)
def test_reasoning_is_requested_in_the_form_of_the_provider(
    form: Any, reasoning: Any, expected: dict[str, Any]
) -> None:
    body = body_of(adapter_with(reasoning=form), reasoning=reasoning)

    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == expected


@pytest.mark.parametrize(("form", "reasoning"), [("effort", 5), ("thinking", "low"), ("enable_thinking", "low")])
def test_reasoning_in_a_form_that_the_provider_does_not_have_is_refused(form: str, reasoning: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="wire does not support reasoning"):
        body_of(adapter_with(reasoning=form), reasoning=reasoning)


@pytest.mark.parametrize(
    ("quirks", "reasoning", "words"),
    [
        ({"efforts": {"m*": ["none", "high"]}}, "low", "m supports only none, high, not 'low'"),
        ({"reasoning": "thinking"}, "auto", "supports only none, enabled, disabled or a number of tokens, not 'auto'"),
        (
            {"reasoning": "thinking", "thinking_budget": False},
            500,
            "supports only enabled, disabled, not a number of tokens",
        ),
        (
            {"reasoning": "thinking", "thinking_types": {"m*": ["adaptive"]}},
            500,
            "supports only adaptive, not a number",
        ),
        ({"reasoning": "thinking", "thinking_types": {"m*": ["adaptive"]}}, "none", "supports only none, adaptive"),
        ({"reasoning": "thinking", "thinking_types": {"x": ["enabled"]}}, "enabled", "supports only none"),
    ],
)
def test_unsupported_reasoning_is_refused_with_what_the_model_supports(
    quirks: dict[str, Any], reasoning: Any, words: str
) -> None:
    with pytest.raises(UnsupportedFeatureError, match=words):
        body_of(adapter_with(**quirks), reasoning=reasoning)


THOUGHT = st.text("a <>/think\n", max_size=30).filter(lambda text: "</think>" not in text)


@settings(deadline=None, max_examples=100)
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
