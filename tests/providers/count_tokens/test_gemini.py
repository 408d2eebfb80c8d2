"""Counting tokens at the Gemini API and at Vertex AI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError, ModelNotFoundError
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.content import Image
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD
from tests.support.wire_cases import adapter_for

REQUEST = ChatCompletionRequest(
    model="gemini-2.5-flash",
    messages=[Message.system("Be brief."), Message.user("1+1?", Image.from_file_id("files/a"))],
    tools=[ADD],
    tool_choice="required",
    max_tokens=10,
)


def sent(provider: str) -> tuple[str, dict[str, Any]]:
    endpoint = get_config(provider).count_tokens
    assert endpoint is not None
    http, _ = adapter_for(provider).operation_request(
        endpoint, load_operation("count_tokens", endpoint.format), REQUEST
    )
    return http.url, json.loads(http.body or b"")


def read(payload: Any) -> Any:
    endpoint = get_config("gemini").count_tokens
    assert endpoint is not None
    response = HttpResponse(status=200, body=json.dumps(payload).encode())
    return adapter_for("gemini").decode_operation(endpoint, load_operation("count_tokens", "gemini"), response)


def chat_body(provider: str) -> dict[str, Any]:
    body = adapter_for(provider).chat_request(REQUEST, stream=False)[0].body
    found: dict[str, Any] = json.loads(body or b"")
    return found


def test_gemini_counts_the_whole_request() -> None:
    url, body = sent("gemini")

    assert url.endswith("/models/gemini-2.5-flash:countTokens")
    assert body == {"generateContentRequest": {"model": "models/gemini-2.5-flash", **chat_body("gemini")}}


def test_vertex_counts_what_has_tokens() -> None:
    url, body = sent("vertex")

    assert url.endswith("/publishers/google/models/gemini-2.5-flash:countTokens")
    assert body == {key: value for key, value in chat_body("vertex").items() if key != "toolConfig"}
    assert body.keys() == {"contents", "systemInstruction", "tools", "generationConfig"}


def test_the_count_is_the_total() -> None:
    assert read({"totalTokens": 31, "promptTokensDetails": []}) == 31


@pytest.mark.parametrize("payload", [{}, [], {"totalTokens": None}, {"totalTokens": "31"}])
def test_an_answer_without_a_count_is_an_invalid_response(payload: Any) -> None:
    with pytest.raises(InvalidResponseError, match="totalTokens"):
        read(payload)


def test_an_error_inside_an_answer_has_its_class() -> None:
    with pytest.raises(ModelNotFoundError, match="no such model"):
        read({"error": {"code": 404, "message": "no such model", "status": "NOT_FOUND"}})
