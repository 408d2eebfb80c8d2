"""Lists of models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    InvalidResponseError,
    RateLimitError,
    UnsupportedFeatureError,
)
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import load_dialect
from ai_lib.types.model import ModelInfo
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import BASE_URL, KEY, adapter_for


def models_in(payload: Any, status: int = 200) -> list[ModelInfo]:
    return adapter_for("wire").decode_models(HttpResponse(status=status, body=json.dumps(payload).encode()))


ENTRY = {"id": "m1", "object": "model", "created": 1700000000, "owned_by": "someone"}


@pytest.mark.parametrize(
    "payload",
    [
        {"object": "list", "data": [ENTRY]},
        {"models": [ENTRY]},
        [ENTRY],  # older Together
        {"data": [ENTRY, {"object": "model"}]},
    ],
)
def test_a_list_of_models_is_read_in_every_form(payload: Any) -> None:
    assert models_in(payload) == [ModelInfo("m1", "wire", 1700000000, "someone")]


@pytest.mark.parametrize(
    ("fields", "context", "output"),
    [
        ({"context_window": 131072, "max_completion_tokens": 65536}, 131072, 65536),  # Groq
        ({"max_context_length": 32768}, 32768, None),  # Mistral
        (
            {"context_length": 200000, "top_provider": {"context_length": 1, "max_completion_tokens": 8192}},
            200000,
            8192,
        ),
        ({"top_provider": {"context_length": 4096, "max_completion_tokens": None}}, 4096, None),  # OpenRouter
        ({"context_length": 8192}, 8192, None),  # Together
        ({"context_size": 8192, "max_output_tokens": 512}, 8192, 512),  # Novita
        ({"max_model_len": 4096}, 4096, None),  # vLLM
        ({"context_length": "8k", "max_output_tokens": True, "top_provider": []}, None, None),
        ({}, None, None),
    ],
)
def test_the_limits_of_a_model_are_read_under_the_names_that_services_give_them(
    fields: dict[str, Any], context: int | None, output: int | None
) -> None:
    (model,) = models_in({"data": [{**ENTRY, **fields}]})

    assert (model.context_window, model.max_output_tokens) == (context, output)


@pytest.mark.parametrize(
    ("fields", "name"), [({"name": "M One"}, "M One"), ({"display_name": "M 1"}, "M 1"), ({}, None)]
)
def test_a_model_may_have_a_display_name(fields: dict[str, Any], name: str | None) -> None:
    assert models_in({"data": [{**ENTRY, **fields}]})[0].name == name


def test_models_may_be_names_alone() -> None:
    assert models_in(["a", "b"]) == [ModelInfo("a", "wire"), ModelInfo("b", "wire")]


def test_a_list_may_be_empty() -> None:
    assert models_in({"data": []}) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [({}, "not_a_model_list"), ({"data": "x"}, "not_a_model_list"), (7, "not_a_model_list"), ([7], "malformed_answer")],
)
def test_a_payload_that_is_not_a_list_of_models_is_an_invalid_response(payload: Any, code: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        models_in(payload)

    assert caught.value.code == code


def test_an_error_in_place_of_models_is_typed() -> None:
    with pytest.raises(RateLimitError, match="slow"):
        models_in({"error": {"message": "slow", "code": 429}})


def test_a_rejected_key_for_models_is_an_authentication_error() -> None:
    with pytest.raises(AuthenticationError):
        models_in({"error": {"message": "no"}}, status=401)


@settings(deadline=None, max_examples=100)
@given(entry=st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["id", "created", "owned_by", "data"]), inner)))  # fmt: skip
def test_an_odd_entry_is_read_or_a_typed_error(entry: Any) -> None:
    found = error = None
    try:
        found = models_in({"data": [entry]})
    except AiLibError as caught:
        error = caught

    assert found is not None or error is not None


def test_the_list_is_requested_with_the_key_at_the_providers_path() -> None:
    request = adapter_for("wire").models_request()

    assert (request.method, request.url, request.body) == ("GET", f"{BASE_URL}/models", None)
    assert request.headers == {"Accept": "application/json", "Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("docs", "hint"), [("https://docs.example", "See https://docs.example"), (None, "See the vendor's documentation")]
)
def test_a_provider_without_a_list_says_where_to_look(docs: str | None, hint: str) -> None:
    config = ProviderConfig("wire", base_url=BASE_URL, models_path=None, docs=docs)
    adapter = ProviderAdapter(config=config, dialect=load_dialect("openai_chat"), base_url=BASE_URL)

    with pytest.raises(UnsupportedFeatureError, match="wire does not support list_models") as caught:
        adapter.models_request()

    assert caught.value.hint == hint
