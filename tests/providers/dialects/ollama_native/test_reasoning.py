"""Reasoning in Ollama's own API."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from tests.support.wire_cases import adapter_for, body_of

ADAPTER = adapter_for("ollama")


@pytest.mark.parametrize(
    ("reasoning", "think"), [("none", False), ("disabled", False), ("enabled", True), ("low", "low"), ("max", "max")]
)
def test_reasoning_is_sent_as_think(reasoning: str, think: Any) -> None:
    assert body_of(ADAPTER, reasoning=reasoning)["think"] == think


@pytest.mark.parametrize("reasoning", ["xhigh", 2000])
def test_unsupported_reasoning_is_refused(reasoning: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="does not support reasoning: the server supports only none"):
        body_of(ADAPTER, reasoning=reasoning)
