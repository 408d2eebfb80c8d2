"""Embeddings of the Gemini API and of Vertex AI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import AiLibError, InvalidResponseError, RateLimitError
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

FORMATS = ["gemini", "vertex"]


def sent(provider: str, **fields: Any) -> tuple[str, dict[str, Any], list[str]]:
    """Return the address, the body, and what was left out."""
    endpoint = get_config(provider).embed
    assert endpoint is not None
    request = EmbeddingRequest(**{"model": endpoint.model, "inputs": ["alpha", "beta"], **fields})
    http, left_out = adapter_for(provider).operation_request(
        endpoint, load_operation("embed", endpoint.format), request, on_unsupported="drop"
    )
    return http.url, json.loads(http.body or b""), [note.partition(":")[0] for note in left_out]


def read(provider: str, payload: Any) -> EmbeddingResponse:
    endpoint = get_config(provider).embed
    assert endpoint is not None
    response = HttpResponse(status=200, body=json.dumps(payload).encode())
    answer: EmbeddingResponse = adapter_for(provider).decode_operation(
        endpoint, load_operation("embed", endpoint.format), response
    )
    return answer


def test_gemini_gets_one_request_for_each_text() -> None:
    url, body, left_out = sent("gemini", model="gemini-embedding-001", dimensions=768, task="query")

    common = {"model": "models/gemini-embedding-001", "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 768}
    assert url.endswith("/models/gemini-embedding-001:batchEmbedContents")
    assert body == {
        "requests": [
            {**common, "content": {"parts": [{"text": "alpha"}]}},
            {**common, "content": {"parts": [{"text": "beta"}]}},
        ]
    }
    assert left_out == []


def test_the_newest_model_of_gemini_has_no_field_for_the_task() -> None:
    _, body, left_out = sent("gemini", task="clustering")

    assert left_out == ["task"]
    assert body["requests"][0] == {"model": "models/gemini-embedding-2", "content": {"parts": [{"text": "alpha"}]}}


def test_vertex_gets_instances() -> None:
    url, body, left_out = sent("vertex", model="text-embedding-005", dimensions=256, task="document")

    assert url.endswith("/publishers/google/models/text-embedding-005:predict")
    assert body == {
        "instances": [
            {"content": "alpha", "task_type": "RETRIEVAL_DOCUMENT"},
            {"content": "beta", "task_type": "RETRIEVAL_DOCUMENT"},
        ],
        "parameters": {"outputDimensionality": 256},
    }
    assert left_out == []
    assert sent("vertex")[1] == {"instances": [{"content": "alpha"}, {"content": "beta"}]}


@pytest.mark.parametrize("provider", FORMATS)
def test_an_end_user_is_refused_and_further_fields_are_joined(provider: str) -> None:
    _, body, left_out = sent(provider, user="u1", extensions={"autoTruncate": False})

    assert left_out == ["user"]
    assert body["autoTruncate"] is False


ANSWERS = {
    "gemini": {
        "embeddings": [{"values": [0.1, 2]}, {"values": [0.6, 0.7]}],
        "usageMetadata": {"promptTokenCount": 11},
    },
    "vertex": {
        "predictions": [
            {"embeddings": {"values": [0.1, 2], "statistics": {"token_count": 5, "truncated": False}}},
            {"embeddings": {"values": [0.6, 0.7], "statistics": {"token_count": 6}}},
        ],
        "metadata": {"billableCharacterCount": 35},
    },
}


@pytest.mark.parametrize("provider", FORMATS)
def test_vectors_and_their_tokens_are_read(provider: str) -> None:
    answer = read(provider, ANSWERS[provider])

    assert answer.vectors == ((0.1, 2.0), (0.6, 0.7))
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (11, 11)
    assert (answer.provider, answer.raw) == (provider, ANSWERS[provider])


@pytest.mark.parametrize(
    ("provider", "payload"),
    [
        ("gemini", {"embeddings": [{"values": [1.5]}]}),
        ("vertex", {"predictions": [{"embeddings": {"values": [1.5]}}]}),
    ],
)
def test_tokens_may_be_missing(provider: str, payload: Any) -> None:
    answer = read(provider, payload)

    assert (answer.vectors, answer.usage) == (((1.5,),), None)


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        {"embeddings": [{}], "predictions": [{}]},
        {"embeddings": [{"values": []}], "predictions": [{"embeddings": {"values": []}}]},
        {"embeddings": [{"values": "x"}], "predictions": [{"embeddings": {"values": "x"}}]},
        {"embeddings": [{"values": [None]}], "predictions": [{"embeddings": {"values": [None]}}]},
    ],
)
def test_an_answer_without_vectors_is_an_invalid_response(provider: str, payload: Any) -> None:
    with pytest.raises(InvalidResponseError):
        read(provider, payload)


@pytest.mark.parametrize("provider", FORMATS)
def test_an_error_inside_an_answer_has_its_class(provider: str) -> None:
    caught: AiLibError | None = None
    try:
        read(provider, {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}})
    except AiLibError as error:
        caught = error

    assert type(caught) is RateLimitError
