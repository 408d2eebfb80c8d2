"""Counting tokens by the Messages API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import AuthenticationError, InvalidResponseError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.content import Image
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.wire import HttpRequest, HttpResponse
from tests.providers.dialects.anthropic.bodies import SONNET_4_5
from tests.support.scenarios import ADD
from tests.support.wire_cases import BASE_URL, adapter_for


def count_request(adapter: ProviderAdapter, **fields: Any) -> HttpRequest:
    config = get_config("anthropic")
    assert config.count_tokens is not None
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    return adapter.operation_request(config.count_tokens, load_operation("count_tokens", "anthropic"), request)[0]


def test_counting_sends_the_prompt_and_nothing_about_the_answer() -> None:
    prepared = count_request(
        adapter_for("anthropic"), messages=[Message.system("s"), Message.user("hi")], tools=[ADD], tool_choice="none",
        reasoning=2000, max_tokens=9000, temperature=1.0, seed=4, stop="x", user="u",
    )  # fmt: skip

    assert prepared.url == f"{BASE_URL}/v1/messages/count_tokens"
    body = json.loads(prepared.body or b"")
    assert set(body) == {"model", "messages", "system", "tools", "tool_choice", "thinking"}
    assert prepared.headers["Content-Type"] == "application/json"
    assert "anthropic-beta" not in prepared.headers


def test_counting_a_file_id_adds_the_header_of_its_beta() -> None:
    prepared = count_request(adapter_for("anthropic"), messages=[Message.user("?", Image.from_file_id("f1"))])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


def decode_count(status: int, body: Any) -> Any:
    endpoint = get_config("anthropic").count_tokens
    assert endpoint is not None
    response = HttpResponse(status=status, body=json.dumps(body).encode())
    return adapter_for("anthropic").decode_operation(endpoint, load_operation("count_tokens", "anthropic"), response)


def test_a_count_is_read_as_a_number() -> None:
    assert decode_count(200, {"input_tokens": 2095}) == 2095


def test_an_answer_without_a_count_is_an_error() -> None:
    with pytest.raises(InvalidResponseError, match="no input_tokens"):
        decode_count(200, {"tokens": 3})
    with pytest.raises(AuthenticationError):
        decode_count(200, {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}})
