"""What the services of one region or another want beyond the plain dialect."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions
from ai_lib.errors import AiLibError, PermissionDeniedError, UnsupportedFeatureError
from ai_lib.providers.registry import get_config
from ai_lib.types.content import Image, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY
from tests.support.wire_cases import adapter_for


def body_of(provider: str, api: str | None = None, **fields: Any) -> dict[str, Any]:
    request = ChatCompletionRequest(**{"model": "m", "messages": "hi", **fields})
    body: dict[str, Any] = json.loads(adapter_for(provider, api).chat_request(request, stream=False)[0].body or b"")
    return body


@pytest.mark.parametrize(
    ("provider", "model", "reasoning", "expected"),
    [
        ("qwen", "qwen3.7-plus", "none", {"enable_thinking": False}),
        ("qwen", "qwen3.7-plus", 500, {"enable_thinking": True, "thinking_budget": 500}),
        ("tencent", "hy3", "adaptive", {"thinking": {"type": "adaptive"}}),
        ("tencent", "hy3", 500, {"thinking": {"type": "enabled", "budget_tokens": 500}}),
        ("tencent", "MiniMax-M3", "adaptive", {"thinking": {"type": "adaptive"}}),
        ("tencent", "minimax-m3", "none", {"thinking": {"type": "disabled"}}),
        ("volcengine", "doubao-seed-2-1-pro-260915", "auto", {"thinking": {"type": "auto"}}),
        ("volcengine", "ep-1", "disabled", {"thinking": {"type": "disabled"}}),
        ("zai", "glm-5.3", "enabled", {"thinking": {"type": "enabled"}}),
        ("zhipu", "glm-5.3", "none", {"thinking": {"type": "disabled"}}),
        ("iflytek", "4.0Ultra", "enabled", {"thinking": {"type": "enabled"}}),
        ("moonshot", "kimi-k3", "max", {"reasoning_effort": "max"}),
        ("moonshot", "kimi-k2.6", "none", {"thinking": {"type": "disabled"}}),
        ("minimax", "MiniMax-M3", "adaptive", {"thinking": {"type": "adaptive"}}),
        ("siliconflow", "zai-org/GLM-5.1", "enabled", {"enable_thinking": True}),
        ("baidu", "ernie-5.1", "none", {"enable_thinking": False}),
        ("openrouter", "x/y", "enabled", {"reasoning": {"enabled": True}}),
    ],
)
def test_reasoning_is_requested_in_the_form_of_the_model(
    provider: str, model: str, reasoning: Any, expected: dict[str, Any]
) -> None:
    body = body_of(provider, model=model, reasoning=reasoning)

    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == expected


@pytest.mark.parametrize(
    ("provider", "model", "reasoning"),
    [
        ("tencent", "MiniMax-M3", "enabled"),
        ("tencent", "minimax-m3", 500),
        ("volcengine", "ep-1", 500),
        ("zai", "glm-5.3", 500),
        ("zhipu", "glm-5.3", "auto"),
        ("iflytek", "4.0Ultra", 500),
        ("moonshot", "kimi-k3", "medium"),
        ("moonshot", "kimi-k3", 500),
        ("moonshot", "kimi-k2.6", "low"),
        ("moonshot", "kimi-k2.7-code-highspeed", "none"),
    ],
)
def test_reasoning_that_the_model_does_not_support_is_refused(provider: str, model: str, reasoning: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="does not support reasoning"):
        body_of(provider, model=model, reasoning=reasoning)


@pytest.mark.parametrize("provider", ["moonshot", "zai", "zhipu"])
def test_thinking_between_calls_goes_back(provider: str) -> None:
    turn = attrs.evolve(Message.assistant(tool_calls=[ToolCall("c1", "add")]), reasoning="hm")

    body = body_of(provider, messages=[Message.user("hi"), turn, Message.tool("c1", "3")], tools=[ADD])

    assert body["messages"][1]["reasoning_content"] == "hm"


@pytest.mark.parametrize("provider", ["qwen", "moonshot"])
def test_a_last_message_of_the_assistant_is_partial(provider: str) -> None:
    body = body_of(provider, messages=[Message.user("hi"), Message.assistant("So")])

    assert body["messages"][1] == {"role": "assistant", "content": "So", "partial": True}


@pytest.mark.parametrize(
    ("provider", "time", "mark"),
    [
        ("qwen", "5m", {"type": "ephemeral"}),
        ("minimax", "5m", {"type": "ephemeral"}),
        ("openrouter", "5m", {"type": "ephemeral"}),
        ("openrouter", "1h", {"type": "ephemeral", "ttl": "1h"}),
    ],
)
def test_a_part_to_be_cached_is_marked(provider: str, time: Any, mark: dict[str, str]) -> None:
    message = Message.user(Text("long", cache=time), "short")

    first, second = body_of(provider, messages=message)["messages"][0]["content"]

    assert first["cache_control"] == mark
    assert "cache_control" not in second


@pytest.mark.parametrize("provider", ["qwen", "minimax"])
def test_a_cache_of_an_hour_is_refused_where_there_is_none(provider: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="cache: the provider caches for 5m, not 1h"):
        body_of(provider, messages=Message.user(Text("long", cache="1h")))


@pytest.mark.parametrize("file_id", ["file-1", "ms://file-1"])
def test_an_image_uploaded_to_moonshot_is_named_by_its_id(file_id: str) -> None:
    body = body_of("moonshot", messages=Message.user("see", Image.from_file_id(file_id)))

    assert body["messages"][0]["content"][1] == {"type": "image_url", "image_url": {"url": "ms://file-1"}}


@pytest.mark.parametrize(
    ("provider", "fields"),
    [
        ("qwen", {"frequency_penalty": 1}),
        ("qwen", {"tools": [ADD], "tool_choice": "required"}),
        ("moonshot", {"tools": [ADD], "tool_choice": "required"}),
        ("zai", {"tools": [ADD], "tool_choice": "none"}),
        ("zhipu", {"response_format": CITY}),
        ("siliconflow", {"response_format": CITY}),
        ("iflytek", {"tools": [ADD], "tool_choice": "add"}),
        ("iflytek", {"messages": Message.user("see", Image.from_bytes(b"x", "image/png"))}),
        ("moonshot", {"messages": Message.user("see", Image.from_url("https://a.example/i.png"))}),
        ("ai21", {"response_format": CITY}),
        ("ai21", {"messages": Message.user("hi", name="ada")}),
    ],
)
def test_an_unsupported_field_is_refused(provider: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError):
        body_of(provider, **fields)


@pytest.mark.parametrize("provider", ["qwen", "moonshot", "zai", "zhipu", "ai21"])
def test_any_json_object_is_requested_in_the_plain_form(provider: str) -> None:
    body = body_of(provider, response_format=ResponseFormat(kind="json_object"))

    assert body["response_format"] == {"type": "json_object"}


def test_several_texts_are_one_string_at_ai21() -> None:
    assert body_of("ai21", messages=Message.user("a", "b"))["messages"][0]["content"] == "ab"


@pytest.mark.parametrize(("api", "path"), [("x2", "/x2"), ("x1.5", "/v2")])
def test_the_later_spark_models_have_separate_addresses(api: str, path: str) -> None:
    config = get_config("iflytek").with_api(api)

    assert config.base_url == f"https://spark-api-open.xf-yun.com{path}"
    assert config.default_model == "spark-x"
    assert body_of("iflytek", api, reasoning="none")["thinking"] == {"type": "disabled"}


def test_a_key_of_siliconflows_chinese_site_goes_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILICONFLOW_CN_API_KEY", "cn-key")

    with AiClient("siliconflow", api="cn") as client:
        request = ChatCompletionRequest(model="m", messages="hi")
        sent, _ = client._core.connection.adapter.chat_request(request, stream=False)
    with pytest.raises(AiLibError, match="no API key for SiliconFlow"):
        AiClient("siliconflow", options=ConnectionOptions())

    assert sent.url == "https://api.siliconflow.cn/v1/chat/completions"
    assert sent.headers["Authorization"] == "Bearer cn-key"


def test_baidus_error_carries_the_id_of_the_request() -> None:
    body = {"error": {"code": "invalid_appid", "message": "No permission", "type": "x"}, "id": "as-bcmt5ct4iy"}

    with pytest.raises(AiLibError, match="No permission") as caught:
        adapter_for("baidu").decode(HttpResponse(status=401, body=json.dumps(body).encode()))

    assert caught.value.request_id == "as-bcmt5ct4iy"


@pytest.mark.parametrize("provider", ["zai", "zhipu"])
def test_a_status_of_zais_own_is_a_missing_permission(provider: str) -> None:
    response = HttpResponse(status=434, body=b'{"error":{"code":"1","message":"no beta"}}')

    with pytest.raises(PermissionDeniedError):
        adapter_for(provider).decode(response)
