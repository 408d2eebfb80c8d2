"""Embeddings on Bedrock: Titan's one text a request and Cohere's several, chosen by the model's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ai_lib.errors import InvalidRequestError, InvalidResponseError, UnsupportedFeatureError
from ai_lib.providers.registry import load_operation
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.wire import HttpRequest, HttpResponse
from tests.support.wire_cases import adapter_for

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "embed"
ADAPTER = adapter_for("bedrock")
ENDPOINT = ADAPTER.config.embed
TITAN, COHERE = "amazon.titan-embed-text-v2:0", "cohere.embed-v4:0"


def asked(model: str, inputs: Any = ("alpha",), **fields: Any) -> HttpRequest:
    assert ENDPOINT is not None
    request = EmbeddingRequest(model=model, inputs=inputs, **fields)
    return ADAPTER.operation_request(ENDPOINT, load_operation("embed", ENDPOINT.format), request)[0]


def body_of(model: str, inputs: Any = ("alpha",), **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(asked(model, inputs, **fields).body or b"")
    return body


def answered(body: bytes) -> EmbeddingResponse:
    assert ENDPOINT is not None
    response = HttpResponse(status=200, body=body)
    answer: EmbeddingResponse = ADAPTER.decode_operation(ENDPOINT, load_operation("embed", ENDPOINT.format), response)
    return answer


def test_the_model_stands_escaped_in_the_address() -> None:
    assert asked(TITAN).url.endswith("/model/amazon.titan-embed-text-v2%3A0/invoke")


def test_titan_takes_one_text() -> None:
    assert body_of(TITAN) == {"inputText": "alpha"}
    assert body_of(TITAN, dimensions=256, extensions={"normalize": False}) == {
        "inputText": "alpha", "dimensions": 256, "normalize": False,
    }  # fmt: skip
    with pytest.raises(InvalidRequestError, match="Titan embeds one text per request, got 2"):
        body_of(TITAN, ["alpha", "beta"])


def test_the_configuration_sends_one_text_at_a_time() -> None:
    assert ENDPOINT is not None
    assert ENDPOINT.batch == 1


@pytest.mark.parametrize("model", [COHERE, "us.cohere.embed-v4:0", "cohere.embed-multilingual-v3"])
def test_coheres_models_take_coheres_fields(model: str) -> None:
    assert body_of(model, ["alpha", "beta"], task="query", dimensions=256) == {
        "texts": ["alpha", "beta"], "input_type": "search_query", "embedding_types": ["float"], "output_dimension": 256,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "field", "value"), [(TITAN, "task", "query"), (TITAN, "user", "u"), (COHERE, "user", "u")]
)
def test_what_has_no_form_is_refused(model: str, field: str, value: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Amazon Bedrock does not support {field}"):
        body_of(model, **{field: value})


def test_the_recorded_answers_are_read() -> None:
    titan = answered((RECORDED / "bedrock_titan.json").read_bytes())
    cohere = answered((RECORDED / "bedrock_cohere.json").read_bytes())

    assert titan.vectors == cohere.vectors == ((-0.09, 0.05, -0.02, 0.01, 0.04),)
    assert titan.usage is not None
    assert titan.usage.prompt_tokens == 8
    assert cohere.usage is None


def test_coheres_older_form_is_read() -> None:
    assert answered(b'{"embeddings":[[0.5,1]],"response_type":"embeddings_floats"}').vectors == ((0.5, 1.0),)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"embedding":"x"}', b'{"embeddings":{}}', b'{"embedding":[null]}'])
def test_an_answer_without_vectors_is_an_invalid_one(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        answered(body)
