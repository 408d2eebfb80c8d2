"""Reasoning: efforts and budgets, model by model."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import InvalidRequestError
from tests.providers.dialects.anthropic.bodies import (
    HAIKU_3,
    OPUS_4_6,
    OPUS_4_7,
    OPUS_5_5,
    SONNET_4_5,
    SONNET_5_5,
    body_of,
    refusal_of,
    request_of,
)
from tests.support.wire_cases import BASE_URL, adapter_for


def test_a_service_with_efforts_but_no_budgets_gets_the_effort_alongside_enabled_thinking() -> None:
    deepseek = adapter_for("deepseek", "anthropic")

    body = body_of(deepseek, model="deepseek-flash", reasoning="high", temperature=1.5)

    assert body["thinking"] == {"type": "enabled"}
    assert body["output_config"] == {"effort": "high"}
    assert body["temperature"] == 1.5
    assert "takes an effort such as 'low'" in refusal_of(deepseek, model="deepseek-flash", reasoning=2000)
    assert request_of(deepseek)[0].url == f"{BASE_URL}/anthropic/v1/messages"


def test_a_service_that_only_switches_thinking_supports_no_efforts() -> None:
    minimax = adapter_for("minimax", "anthropic")

    assert body_of(minimax, model="MiniMax-M3", reasoning="enabled")["thinking"] == {"type": "adaptive"}
    assert body_of(minimax, model="MiniMax-M3", reasoning="none")["thinking"] == {"type": "disabled"}
    assert "supports only 'enabled' and 'none', not 'high'" in refusal_of(minimax, model="MiniMax-M3", reasoning="high")
    assert "the model always thinks" in refusal_of(minimax, model="MiniMax-M2.7", reasoning="none")


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (HAIKU_3, 4096),
        ("claude-3-5-sonnet-20241022", 8192),
        ("claude-3-7-sonnet-20250219", 64000),
        ("claude-opus-4-20250514", 32000),
        ("claude-sonnet-4-20250514", 64000),
        ("claude-opus-4-1-20250805", 32000),
        ("claude-opus-4-5-20251101", 64000),
        ("claude-haiku-4-5-20251001", 64000),
        ("claude-sonnet-4-6", 128000),
        (OPUS_4_7, 128000),
        (SONNET_5_5, 128000),
        ("anthropic/claude-sonnet-4.5", 64000),
        ("my-deployment", 32000),
    ],
)
def test_a_request_without_a_limit_gets_the_limit_of_the_model(model: str, limit: int) -> None:
    assert body_of(model=model)["max_tokens"] == limit


@pytest.mark.parametrize("word", ["low", "medium", "high", "xhigh", "max"])
@pytest.mark.parametrize("model", [OPUS_4_6, OPUS_4_7, SONNET_5_5, OPUS_5_5])
def test_an_effort_goes_alongside_adaptive_thinking(model: str, word: str) -> None:
    body = body_of(model=model, reasoning=word)

    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": word}


@pytest.mark.parametrize(
    ("word", "max_tokens", "budget"),
    [("low", 4000, 1024), ("low", 64000, 6400), ("medium", 10000, 3000), ("high", 10000, 6000), ("max", 10000, 9000)],
)
def test_an_effort_is_a_share_of_the_limit_where_thinking_has_a_budget(word: str, max_tokens: int, budget: int) -> None:
    body = body_of(reasoning=word, max_tokens=max_tokens)

    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert body["max_tokens"] == max_tokens
    assert "output_config" not in body


@pytest.mark.parametrize("model", [SONNET_4_5, OPUS_4_6])
def test_a_number_of_tokens_is_a_budget(model: str) -> None:
    assert body_of(model=model, reasoning=2000)["thinking"] == {"type": "enabled", "budget_tokens": 2000}


def test_thinking_can_be_switched_on_without_an_effort() -> None:
    body = body_of(model=OPUS_4_7, reasoning="enabled")

    assert body["thinking"]["type"] == "adaptive"
    assert "output_config" not in body


@pytest.mark.parametrize("word", ["none", "disabled", 0])
def test_thinking_can_be_switched_off(word: Any) -> None:
    assert body_of(reasoning=word)["thinking"] == {"type": "disabled"}
    assert body_of(model=SONNET_5_5, reasoning=word)["thinking"] == {"type": "between_tools"}
    assert "thinking" not in body_of(model=HAIKU_3, reasoning=word)


@pytest.mark.parametrize(
    ("model", "reasoning", "why"),
    [
        (OPUS_5_5, "none", "the model always thinks"),
        ("claude-fable-5-2", "none", "the model always thinks"),
        (OPUS_4_7, 2000, "the model takes an effort such as 'low', not a number of tokens"),
        (OPUS_4_7, "minimal", "the efforts are high, low, max, medium, xhigh, and 'none'; not 'minimal'"),
        (
            SONNET_4_5,
            "minimal",
            "the model supports only low, medium, enabled, high, xhigh, max, none or a number of tokens",
        ),
        (HAIKU_3, "low", "the model does not think before it answers"),
    ],
)
def test_reasoning_that_a_model_does_not_support_is_refused(model: str, reasoning: Any, why: str) -> None:
    assert f"reasoning: {why}" in refusal_of(model=model, reasoning=reasoning)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"reasoning": 2000, "max_tokens": 2000},
            r"^max_tokens \(2000\) must exceed the tokens for reasoning \(2000\)",
        ),
        (
            {"reasoning": "low", "max_tokens": 1000},
            r"^max_tokens \(1000\) must exceed the tokens for reasoning \(1024\)",
        ),
        ({"reasoning": 70000}, r"^the model's limit for max_tokens \(64000\) must exceed .* \(70000\)"),
        ({"reasoning": 1000}, "^reasoning must be at least 1024 tokens, got 1000"),
    ],
)
def test_a_budget_that_leaves_no_room_for_an_answer_is_an_error_before_anything_is_sent(
    fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidRequestError, match=why):
        body_of(**fields)
