"""An answer of Cohere's chat API with citations, as several of its tests need it."""

from __future__ import annotations

from typing import Any

from tests.support.wire_cases import adapter_for

__all__ = ["ADAPTER", "CONTENT", "WHOLE", "cited"]

ADAPTER = adapter_for("cohere")


def cited(kind: str | None, index: int | None, start: int = 0, end: int = 4) -> dict[str, Any]:
    fields = {"type": kind, "content_index": index, "start": start, "end": end, "text": "some", "sources": None}
    return {name: value for name, value in fields.items() if value is not None}


CONTENT = [
    {"type": "thinking", "thinking": "Hm."},
    {"type": "text", "text": "some 1. "},
    {"type": "text", "text": "some 2."},
]
WHOLE = {
    "id": "x",
    "message": {
        "role": "assistant", "tool_plan": "some plan. ", "content": CONTENT,
        "citations": [cited("PLAN", None), cited("TEXT_CONTENT", 1), cited("TEXT_CONTENT", 2), cited(None, None),
                      cited("THINKING_CONTENT", 0)],
    },
    "finish_reason": "COMPLETE",
}  # fmt: skip
