"""Parts of a message of Cohere's chat API."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.types.content import Json
from ai_lib.types.message import Message
from tests.support.scenarios import PNG
from tests.support.wire_cases import adapter_for, body_of

ADAPTER = adapter_for("cohere")


def sent(*messages: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(ADAPTER, messages=messages)["messages"]
    return found


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_arrives_unchanged(text: str) -> None:
    assert sent(Message.user(text)) == [{"role": "user", "content": text}]


def test_several_parts_are_a_list_and_one_text_is_a_string() -> None:
    found = sent(
        Message.system("A", "B"), Message.user("What?", attrs.evolve(PNG, detail="low")), Message.user(Json({"a": 1})),
        Message.assistant(),
    )  # fmt: skip

    assert found == [
        {"role": "system", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
            ],
        },
        {"role": "user", "content": '{"a":1}'},
        {"role": "assistant", "content": ""},
    ]
