"""Reranking of Cohere: the recorded answer and a request beside another client's."""

from __future__ import annotations

import json
from pathlib import Path

from ai_lib.providers.registry import load_operation
from ai_lib.types.rerank import RerankRequest, RerankResponse, RerankResult
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "rerank"
ADAPTER = adapter_for("cohere")
ENDPOINT = ADAPTER.config.rerank
OPERATION = load_operation("rerank", "cohere")


def test_a_request_is_what_another_client_sends() -> None:
    assert ENDPOINT is not None
    request = RerankRequest(model="rerank-v3.5", query="first letter", documents=["alpha", "beta"], top_n=1)

    sent, left_out = ADAPTER.operation_request(ENDPOINT, OPERATION, request)

    assert json.loads(sent.body or b"") == {
        "model": "rerank-v3.5", "query": "first letter", "documents": ["alpha", "beta"], "top_n": 1,
    }  # fmt: skip
    assert sent.url.endswith("/v2/rerank")
    assert left_out == ()


def test_the_recorded_answer_is_read() -> None:
    assert ENDPOINT is not None
    response = HttpResponse(status=200, body=(RECORDED / "cohere.json").read_bytes())

    answer: RerankResponse = ADAPTER.decode_operation(ENDPOINT, OPERATION, response)

    assert answer.results == (RerankResult(1, 0.10183054), RerankResult(0, 0.03762639))
    assert answer.usage is None
