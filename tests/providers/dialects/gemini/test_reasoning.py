"""Reasoning: levels and budgets, model by model."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.request import ChatCompletionRequest
from tests.providers.dialects.gemini.bodies import FLASH_25, FLASH_38, PRO_3, PRO_25, body_and_omissions, body_of
from tests.support.wire_cases import adapter_for


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (FLASH_25, "none", {"thinkingBudget": 0}),
        (FLASH_25, 0, {"thinkingBudget": 0}),
        (FLASH_25, "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        (PRO_25, "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        (PRO_25, "high", {"thinkingBudget": 24576, "includeThoughts": True}),
        (PRO_3, "low", {"thinkingLevel": "LOW", "includeThoughts": True}),
        (FLASH_38, "high", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-flash-latest", "minimal", {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        (PRO_3, 2048, {"thinkingBudget": 2048, "includeThoughts": True}),
    ],
)
def test_an_effort_is_a_level_or_a_budget_as_the_model_requires(
    model: str, reasoning: Any, thinking: dict[str, Any]
) -> None:
    assert body_of("hi", model=model, reasoning=reasoning)["generationConfig"] == {"thinkingConfig": thinking}


@pytest.mark.parametrize(
    ("model", "reasoning", "reason"),
    [
        (PRO_3, "none", "supports only minimal, low, medium, high, xhigh or a number of tokens, not 'none'"),
        (PRO_25, "none", "not 'none'"),
        (FLASH_25, "enabled", "not 'enabled'"),
        ("gemini-2.0-flash", "low", "does not think"),
        ("gemini-2.0-flash", 512, "does not think"),
    ],
)
def test_an_effort_that_the_model_does_not_support_is_refused(model: str, reasoning: Any, reason: str) -> None:
    request = ChatCompletionRequest(model=model, messages="hi", reasoning=reasoning)

    with pytest.raises(UnsupportedFeatureError, match=reason):
        adapter_for("gemini").chat_request(request, stream=False)

    assert body_and_omissions("hi", model=model, reasoning=reasoning)[0].keys() == {"contents"}
