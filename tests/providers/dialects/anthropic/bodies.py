"""Requests and answers of the Messages API, as several of its tests need them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import load_dialect
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpRequest
from tests.support.wire_cases import BASE_URL, adapter_for, cases_of, fold, replay

__all__ = [
    "HAIKU_3",
    "OPUS_4_6",
    "OPUS_4_7",
    "OPUS_4_8",
    "OPUS_5_5",
    "SONNET_4_5",
    "SONNET_5_5",
    "STREAMS",
    "WHOLE",
    "adapter_with",
    "body_of",
    "refusal_of",
    "request_of",
    "response_of",
    "turns_of",
]


HAIKU_3, SONNET_4_5, OPUS_4_6, OPUS_4_7 = (
    "claude-3-haiku-20240307",
    "claude-sonnet-4-5",
    "claude-opus-4-6",
    "claude-opus-4-7",
)
OPUS_4_8, SONNET_5_5, OPUS_5_5 = "claude-opus-4-8", "claude-sonnet-5-5", "claude-opus-5-5"


def adapter_with(**quirks: Any) -> ProviderAdapter:
    config = ProviderConfig("wire", base_url=BASE_URL, dialect="anthropic", chat_path="/v1/messages", quirks=quirks)
    return ProviderAdapter(config=config, dialect=load_dialect("anthropic"), base_url=BASE_URL)


def request_of(
    adapter: ProviderAdapter | None = None, *, stream: bool = False, **fields: Any
) -> tuple[HttpRequest, list[str]]:
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    prepared, left_out = (adapter or adapter_for("anthropic")).chat_request(
        request, stream=stream, on_unsupported="drop"
    )
    return prepared, [reason.partition(":")[0] for reason in left_out]


def body_of(adapter: ProviderAdapter | None = None, **fields: Any) -> dict[str, Any]:
    prepared, left_out = request_of(adapter, **fields)
    assert left_out == []
    body: dict[str, Any] = json.loads(prepared.body or b"")
    return body


def refusal_of(adapter: ProviderAdapter | None = None, **fields: Any) -> str:
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    with pytest.raises(UnsupportedFeatureError) as caught:
        (adapter or adapter_for("anthropic")).chat_request(request, stream=False)
    return caught.value.message


def turns_of(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(messages=list(messages), **fields)["messages"]
    return found


WHOLE = [case for case in cases_of("anthropic", "whole") if "error" not in case.expected]
STREAMS = [case for case in cases_of("anthropic", "stream") if "error" not in case.expected]


def response_of(name: str) -> ChatCompletionResponse:
    (case,) = (case for case in (*WHOLE, *STREAMS) if case.name == name)
    return case.adapter.decode(case.http) if case.kind == "whole" else fold(replay(case.adapter, [case.body])[0])
