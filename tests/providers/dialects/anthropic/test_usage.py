"""Tokens: what is particular to this dialect."""

from __future__ import annotations

from ai_lib.providers.dialects.anthropic.usage import decode_usage


def test_usage_without_a_count_is_none() -> None:
    assert decode_usage({"service_tier": "standard", "input_tokens": None}) is None
