"""Requests and answers of Converse, as several of its tests need them."""

from __future__ import annotations

import json
from typing import Any

from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from tests.support.wire_cases import Case, adapter_for, cases_of, fold, replay

__all__ = [
    "ADAPTER",
    "CLAUDE",
    "GPT",
    "HAIKU_3",
    "LLAMA",
    "MISTRAL",
    "NOVA",
    "OPUS_48",
    "blocks_of",
    "body_and_omissions",
    "body_of",
    "case_of",
    "message_of",
    "turns_of",
]


CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS_48 = "global.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-2-lite-v1:0"
MISTRAL = "mistral.mistral-large-2407-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama4-scout-17b-instruct-v1:0"
ADAPTER = adapter_for("bedrock")


def body_and_omissions(model: str = CLAUDE, *, drop: bool = False, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the body, and the names of what was left out."""
    request = ChatCompletionRequest(**{"messages": "hi", "model": model, **fields})
    sent, left_out = ADAPTER.chat_request(request, stream=False, on_unsupported="drop" if drop else "raise")
    assert sent.body is not None
    return json.loads(sent.body), [reason.partition(":")[0] for reason in left_out]


def body_of(model: str = CLAUDE, **fields: Any) -> dict[str, Any]:
    return body_and_omissions(model, **fields)[0]


def turns_of(*messages: Message, model: str = CLAUDE, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(model, messages=messages, **fields)["messages"]
    return found


def blocks_of(*parts: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = turns_of(Message.user(*parts))[0]["content"]
    return found


HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0"


def case_of(name: str) -> Case:
    return next(found for found in cases_of("bedrock_converse", "whole", "stream") if found.name == name)


def message_of(name: str) -> Message:
    found = case_of(name)
    if found.kind == "whole":
        return ADAPTER.decode(found.http).message
    chunks, error = replay(ADAPTER, [found.body])
    assert error is None
    return fold(chunks).message
