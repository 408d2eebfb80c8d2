"""Bodies of predictions: URLs, and the inputs whose names differ between models."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import ToolCall
from tests.providers.dialects.replicate.bodies import encode_request, input_of
from tests.support.scenarios import ADD, CITY, TOOLS
from tests.support.wire_cases import BASE_URL


def test_the_url_names_the_model_and_the_body_says_whether_to_stream() -> None:
    request, body, _ = encode_request(stream=True)

    assert request.url == f"{BASE_URL}/models/meta/meta-llama-3-70b-instruct/predictions"
    assert body == {"input": {"prompt": "hi"}, "stream": True}
    assert "Prefer" not in request.headers


def test_a_header_holds_the_response_until_the_answer_is_complete() -> None:
    request, body, _ = encode_request()

    assert body == {"input": {"prompt": "hi"}}
    assert request.headers["Prefer"] == "wait"


@pytest.mark.parametrize(
    ("api", "path", "version"),
    [("deployments", "/deployments/acme/mine/predictions", None), ("versions", "/predictions", "acme/mine")],
)
def test_deployments_and_versions_have_their_own_urls(api: str, path: str, version: str | None) -> None:
    request, body, _ = encode_request(api=api, model="acme/mine")

    assert request.url == BASE_URL + path
    assert body.get("version") == version


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-oss-120b", "max_tokens"),
        ("openai/gpt-4.1", "max_completion_tokens"),
        ("meta/llama-2-70b-chat", "max_new_tokens"),
        ("anthropic/claude-4.5-sonnet", "max_tokens"),
    ],
)
def test_the_limit_has_the_name_of_the_models_input(model: str, name: str) -> None:
    assert input_of(model=model, max_tokens=7) == {"prompt": "hi", name: 7}


def test_an_effort_goes_to_models_with_an_input_for_it() -> None:
    assert input_of(model="openai/o4-mini", reasoning="low")["reasoning_effort"] == "low"
    for model, effort in (("openai/gpt-4.1", "low"), ("openai/o4-mini", 2000)):
        with pytest.raises(UnsupportedFeatureError, match="does not support reasoning"):
            encode_request(model=model, reasoning=effort)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(0, 500),
    "max_tokens": st.integers(1, 10**6),
    "stop": st.just(["END"]),
    "seed": st.integers(-(2**31), 2**31),
    "n": st.integers(1, 8),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "logit_bias": st.just({"1": 2}),
    "logprobs": st.just(True),
    "top_logprobs": st.integers(1, 20),
    "tools": st.just(TOOLS),
    "tool_choice": st.sampled_from(["required", "auto", "none"]),
    "parallel_tool_calls": st.just(True),
    "response_format": st.sampled_from([CITY, ResponseFormat(kind="json_object")]),
    "reasoning": st.sampled_from(["none", "low", 500]),
    "user": st.just("u"),
    "metadata": st.just({"a": "b"}),
}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) | {"messages", "model", "extensions"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8))
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    if "tool_choice" in chosen:
        fields["tools"] = TOOLS

    _, body, left_out = encode_request("drop", **fields)

    assert [name for name in fields if name not in body["input"] and name not in left_out] == []


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("tools", {"tools": [ADD]}),
        ("tools", {"messages": [Message.user("hi"), Message.assistant(tool_calls=[ToolCall("c", "add")])]}),
        ("tools", {"messages": [Message.user("hi"), Message.tool("c", "3")]}),
        ("response_format", {"response_format": CITY}),
        ("name", {"messages": Message.user("hi", name="ada")}),
        ("refusal", {"messages": [Message.user("hi"), attrs.evolve(Message.assistant(), refusal="no")]}),
    ],
)
def test_what_a_prompt_cannot_express_is_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Replicate does not support {field}"):
        encode_request(**fields)


def test_a_models_own_inputs_are_joined_with_the_prompt() -> None:
    assert input_of(extensions={"input": {"min_tokens": 3}}) == {"prompt": "hi", "min_tokens": 3}
    with pytest.raises(InvalidRequestError, match="stream"):
        encode_request(extensions={"stream": True})
