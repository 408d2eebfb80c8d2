"""Reasoning in Cohere's chat API."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from tests.support.wire_cases import adapter_for, body_of

ADAPTER = adapter_for("cohere")


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        ("none", {"type": "disabled"}),
        ("disabled", {"type": "disabled"}),
        (0, {"type": "disabled"}),
        ("enabled", {"type": "enabled"}),
        ("low", {"type": "enabled", "token_budget": 3277}),
        ("high", {"type": "enabled", "token_budget": 19661}),
        (500, {"type": "enabled", "token_budget": 500}),
    ],
)
def test_reasoning_is_a_number_of_tokens_or_a_switch(reasoning: str | int, thinking: dict[str, Any]) -> None:
    assert body_of(ADAPTER, reasoning=reasoning)["thinking"] == thinking


def test_an_unknown_effort_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedFeatureError, match="supports only none, disabled, enabled, minimal, low"):
        body_of(ADAPTER, reasoning="somewhat")
