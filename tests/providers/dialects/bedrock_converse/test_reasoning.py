"""Reasoning: how the models of each maker are made to think."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.dialects.bedrock_converse.quirks import Quirks
from ai_lib.providers.dialects.bedrock_converse.reasoning import MODES
from ai_lib.providers.registry import get_config, load_dialect
from tests.providers.dialects.bedrock_converse.bodies import CLAUDE, GPT, HAIKU_3, LLAMA, NOVA, OPUS_48, body_of


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def nova(**fields: str) -> dict[str, Any]:
    return {"reasoningConfig": fields}


OFF = {"thinking": {"type": "disabled"}}
ADAPTIVE = {"thinking": {"type": "adaptive", "display": "summarized"}}
OPUS_46 = "us.anthropic.claude-opus-4-6-v1"


@pytest.mark.parametrize(
    ("model", "reasoning", "more", "output"),
    [
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "low", budget(6400), None),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "low", budget(3200), None),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "low", budget(6400), None),
        (CLAUDE, "low", budget(6400), None),
        (CLAUDE, "enabled", budget(19200), None),
        (CLAUDE, 2000, budget(2000), None),
        (CLAUDE, "none", OFF, None),
        (CLAUDE, 0, OFF, None),
        (OPUS_46, "max", ADAPTIVE, {"effort": "max"}),
        (OPUS_46, 2000, budget(2000), None),
        (OPUS_46, 0, OFF, None),
        (OPUS_48, "high", ADAPTIVE, {"effort": "high"}),
        (OPUS_48, "enabled", ADAPTIVE, None),
        (OPUS_48, "disabled", OFF, None),
        (OPUS_48, 0, OFF, None),
        ("us.anthropic.claude-sonnet-5-5", "low", ADAPTIVE, {"effort": "low"}),
        ("us.anthropic.claude-sonnet-5-5", "none", {"thinking": {"type": "between_tools"}}, None),
        (NOVA, "medium", nova(type="enabled", maxReasoningEffort="medium"), None),
        (NOVA, "enabled", nova(type="enabled"), None),
        (NOVA, "none", nova(type="disabled"), None),
        (NOVA, 0, nova(type="disabled"), None),
        (GPT, "low", {"reasoning_effort": "low"}, None),
    ],
)
def test_reasoning_is_encoded_as_the_model_requires(
    model: str, reasoning: str | int, more: dict[str, Any], output: dict[str, Any] | None
) -> None:
    body = body_of(model, reasoning=reasoning)

    assert body["additionalModelRequestFields"] == more
    assert body.get("outputConfig") == output


@pytest.mark.parametrize(
    ("model", "reasoning", "reason"),
    [
        (LLAMA, "low", "pass that in extensions"),
        (HAIKU_3, "low", "pass that in extensions"),
        ("us.amazon.nova-pro-v1:0", "low", "pass that in extensions"),
        (CLAUDE, "somewhat", "supports only low, medium, enabled, high, xhigh, max, none or a number"),
        (OPUS_48, 2000, "supports only low, medium, high, xhigh, max, enabled and none, not 2000"),
        (OPUS_48, "minimal", "supports only low"),
        (NOVA, 2000, "supports only low, medium, high, enabled and none"),
        (NOVA, "max", "supports only low, medium, high, enabled and none"),
        (GPT, 2000, "takes an effort such as 'low', not a number"),
        ("us.anthropic.claude-opus-5-5", "none", "the model always thinks"),
    ],
)
def test_reasoning_that_a_model_does_not_support_is_refused(model: str, reasoning: Any, reason: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"reasoning: .*{reason}"):
        body_of(model, reasoning=reasoning)


@pytest.mark.parametrize(("max_tokens", "tokens"), [(20000, 12000), (1100, 1024)])
def test_an_effort_is_a_share_of_max_tokens_and_never_less_than_the_model_accepts(max_tokens: int, tokens: int) -> None:
    body = body_of(reasoning="high", max_tokens=max_tokens)

    assert body["additionalModelRequestFields"] == budget(tokens)
    assert body["inferenceConfig"] == {"maxTokens": max_tokens}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reasoning": 100}, "reasoning must be at least 1024 tokens, got 100"),
        ({"reasoning": 5000, "max_tokens": 3000}, r"max_tokens \(3000\) must exceed the tokens for reasoning \(5000\)"),
        (
            {"reasoning": "low", "max_tokens": 1000},
            r"max_tokens \(1000\) must exceed the tokens for reasoning \(1024\)",
        ),
    ],
)
def test_limits_that_contradict_each_other_are_an_error_before_anything_is_sent(fields: Any, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        body_of(**fields)


def test_the_tables_of_the_configuration_name_only_modes_that_exist() -> None:
    quirks: Quirks = load_dialect("bedrock_converse").quirks(get_config("bedrock").quirks)

    assert set(quirks.reasoning.values()) <= MODES
    assert all(isinstance(value, bool) for table in (quirks.json_schema, quirks.tool_status, quirks.short_ids)
               for value in table.values())  # fmt: skip
