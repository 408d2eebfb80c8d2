"""Jina's form of reranking, and what other providers call differently."""

import json
from pathlib import Path

import pytest

from ai_lib import ProviderConfig
from ai_lib.errors import InvalidResponseError, RateLimitError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.registry import get_config, load_dialect, load_operation
from ai_lib.types.rerank import RerankRequest, RerankResponse
from ai_lib.types.wire import HttpResponse

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "rerank"
REQUESTS = json.loads((RECORDED / "requests.json").read_text())
AT = Endpoint(format="jina", path="/rerank")


def adapter():
    config = ProviderConfig("gw", base_url="http://gw.example/v1")
    return ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url=config.base_url)


def read(payload) -> RerankResponse:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return adapter().decode_operation(AT, load_operation("rerank", "jina"), HttpResponse(status=200, body=body))


@pytest.mark.parametrize(
    ("file", "ranking", "tokens", "model"),
    [
        ("voyage", [(1, 0.5703125), (0, 0.255859375)], 12, "rerank-2.5"),
        ("together", [(0, 0.6475887154399037), (5, 0.6323295373206566)], 2966, "Salesforce/Llama-Rank-v1"),
    ],
)
def test_a_recorded_answer_is_read(file, ranking, tokens, model):
    answer = read((RECORDED / f"{file}.json").read_bytes())

    assert [(result.index, result.score) for result in answer.results] == ranking
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (tokens, tokens)
    assert (answer.model, answer.provider) == (model, "gw")


@pytest.mark.parametrize(
    "counted",
    [{"tokens": {"input_tokens": 7}}, {"meta": {"tokens": {"input_tokens": 7}}}, {"usage": {"total_tokens": 7}}],
)
def test_tokens_are_found_where_providers_put_them(counted):
    answer = read({"results": [{"index": 0, "relevance_score": 1}], **counted})

    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 7


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"results": None},
        {"results": [{}]},
        {"results": [{"index": None, "relevance_score": 1}]},
        {"results": [{"index": 0, "relevance_score": None}]},
        {"results": [{"index": "x", "relevance_score": 1}]},
    ],
)
def test_an_answer_that_lacks_what_is_promised_is_a_typed_error(payload):
    with pytest.raises(InvalidResponseError) as caught:
        read(payload)

    assert caught.value.code == "malformed_answer"


def test_an_error_in_an_answer_with_status_200_is_that_error():
    with pytest.raises(RateLimitError, match="slow down"):
        read({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})


@pytest.mark.parametrize("provider", sorted(REQUESTS))
def test_a_provider_gets_what_another_client_sends_it(provider):
    at, expected = get_config(provider).rerank, REQUESTS[provider]
    request = RerankRequest(model=expected["model"], query="first letter", documents=["alpha", "beta"], top_n=1)

    prepared, left_out = adapter().operation_request(at, load_operation("rerank", at.format), request)

    assert (json.loads(prepared.body), left_out) == (expected, ())


def test_extensions_are_put_in_and_what_has_no_value_is_not_sent():
    request = RerankRequest(model="m", query="q", documents=["a"], extensions={"instruct": "x"})

    prepared, _ = adapter().operation_request(AT, load_operation("rerank", "jina"), request)

    assert json.loads(prepared.body) == {"model": "m", "query": "q", "documents": ["a"], "instruct": "x"}
