"""Reasoning in the Responses API: efforts, summaries and the encrypted form."""

from __future__ import annotations

import pytest

from tests.support.wire_cases import adapter_for, adapter_with, body_of

SEALED = "reasoning.encrypted_content"


def test_a_summary_is_requested_only_with_an_effort() -> None:
    adapter = adapter_with("openai_responses", summary="auto")

    assert body_of(adapter, reasoning="low")["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body_of(adapter, reasoning="none")["reasoning"] == {"effort": "none"}


@pytest.mark.parametrize(("reasoning", "sealed"), [(None, False), ("none", False), ("low", True)])
def test_the_reasoning_of_an_unknown_model_is_encrypted_where_the_request_has_an_effort(
    reasoning: str | None, sealed: bool
) -> None:
    body = body_of(adapter_for("azure_openai", "responses"), model="my-deployment", reasoning=reasoning)

    assert (SEALED in body.get("include", ())) is sealed
    assert "store" not in body
