"""Streams of Cohere's chat API."""

from __future__ import annotations

import json
from typing import Any

from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.cohere_v2.bodies import ADAPTER, CONTENT, WHOLE
from tests.support.wire_cases import fold


def test_a_citation_in_a_stream_has_the_same_position_as_in_a_whole_answer() -> None:
    events: list[dict[str, Any]] = [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "some plan. "}}}]
    for index, block in enumerate(CONTENT):
        events.append(
            {"type": "content-start", "index": index, "delta": {"message": {"content": {"type": block["type"]}}}}
        )
        events.append({"type": "content-delta", "index": index, "delta": {"message": {"content": block}}})
    events += [
        {"type": "citation-start", "delta": {"message": {"citations": citation}}}
        for citation in WHOLE["message"]["citations"]
    ]
    events.append({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}})

    streamed = fold(ADAPTER.decode_stream(map(json.dumps, events)))

    whole = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(WHOLE).encode()))
    assert streamed.message == whole.message
