"""Embeddings of Cohere: the recorded answer, a request beside another client's, and what has no form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ai_lib.errors import AiLibError, InvalidResponseError, UnsupportedFeatureError
from ai_lib.providers.registry import load_operation
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "embed"
ADAPTER = adapter_for("cohere")
ENDPOINT = ADAPTER.config.embed
OPERATION = load_operation("embed", "cohere")


def body_of(**fields: Any) -> dict[str, Any]:
    assert ENDPOINT is not None
    request = EmbeddingRequest(**{"model": "embed-v4.0", "inputs": ["alpha", "beta"], **fields})
    sent, _ = ADAPTER.operation_request(ENDPOINT, OPERATION, request)
    assert sent.body is not None
    assert sent.url.endswith("/v2/embed")
    body: dict[str, Any] = json.loads(sent.body)
    return body


def answered(body: bytes) -> EmbeddingResponse:
    assert ENDPOINT is not None
    answer: EmbeddingResponse = ADAPTER.decode_operation(ENDPOINT, OPERATION, HttpResponse(status=200, body=body))
    return answer


def test_the_recorded_answer_is_read() -> None:
    answer = answered((RECORDED / "cohere.json").read_bytes())

    assert [len(vector) for vector in answer.vectors] == [5, 5]
    assert answer.vectors[0][:3] == (0.03302002, 0.020904541, -0.019744873)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (10, 10)
    assert (answer.provider, answer.model) == ("cohere", None)


def test_a_request_is_what_another_client_sends() -> None:
    assert body_of(task="query") == {
        "model": "embed-v4.0", "embedding_types": ["float"], "texts": ["alpha", "beta"], "input_type": "search_query",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("task", "kind"),
    [(None, "search_document"), ("document", "search_document"), ("classification", "classification"),
     ("clustering", "clustering")],
)  # fmt: skip
def test_the_purpose_of_the_vectors_is_always_sent(task: Any, kind: str) -> None:
    assert body_of(task=task)["input_type"] == kind


def test_dimensions_and_fields_of_its_own_go_along() -> None:
    body = body_of(dimensions=256, extensions={"truncate": "END"})

    assert (body["output_dimension"], body["truncate"]) == (256, "END")


@pytest.mark.parametrize(("field", "value"), [("task", "similarity"), ("user", "u")])
def test_what_has_no_form_is_refused(field: str, value: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Cohere does not support {field}"):
        body_of(**{field: value})


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"embeddings":{"int8":[[1]]}}', b'{"embeddings":{"float":[1]}}', b'{"embeddings":null}']
)
def test_an_answer_without_vectors_is_an_invalid_one(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        answered(body)


def test_an_error_inside_an_answer_is_its_own() -> None:
    with pytest.raises(AiLibError, match="no such model"):
        answered(b'{"message":"no such model"}')
