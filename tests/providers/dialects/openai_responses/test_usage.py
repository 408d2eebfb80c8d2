"""Token usage of the Responses API, and its cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from ai_lib.errors import AiLibError
from ai_lib.types.response import ChatCompletionResponse
from tests.support.wire_cases import adapter_for, fold, replay_events

MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello you", "annotations": [{"type": "url_citation", "url": "u"}]}],
}
END = {"id": "resp_1", "model": "m", "status": "completed", "usage": {"input_tokens": 3, "output_tokens": 5}}


def streamed(events: Iterable[Any], provider: str = "openai") -> tuple[ChatCompletionResponse, AiLibError | None]:
    api = "responses" if provider != "perplexity" else None
    chunks, error = replay_events(
        adapter_for(provider, api), [event if isinstance(event, str) else json.dumps(event) for event in events]
    )
    return fold(chunks), error


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost_in_usd_ticks": 37756000}, "0.0037756000"),
        ({"cost": 0.25}, "0.25"),
        ({"cost": {"currency": "USD", "total_cost": 0.5}}, "0.5"),
        ({}, "None"),
    ],
)
def test_the_cost_of_the_call_is_read_in_each_form(usage: dict[str, Any], cost: str) -> None:
    end = {**END, "output": [MESSAGE], "usage": {**END["usage"], **usage}}  # type: ignore[dict-item]

    found, _ = streamed([{"type": "response.completed", "response": end}])

    assert str(found.cost) == cost
