"""Reranking on Bedrock: the recorded answer, a request beside another client's and botocore's, and the model's ARN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.registry import get_config, load_dialect, load_operation
from ai_lib.types.rerank import RerankRequest, RerankResponse, RerankResult
from ai_lib.types.wire import HttpRequest, HttpResponse

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "rerank"
OPERATION = load_operation("rerank", "bedrock")
MODEL = "cohere.rerank-v3-5:0"
IN_OREGON = "https://bedrock-runtime.us-west-2.amazonaws.com"


def adapter(base_url: str) -> ProviderAdapter:
    return ProviderAdapter(
        config=get_config("bedrock"), dialect=load_dialect("bedrock_converse"), base_url=base_url, api_key="k"
    )


def asked(model: str = MODEL, base_url: str = IN_OREGON, **fields: Any) -> HttpRequest:
    endpoint = get_config("bedrock").rerank
    assert endpoint is not None
    request = RerankRequest(model=model, query="first letter", documents=["alpha", "beta"], **fields)
    return adapter(base_url).operation_request(endpoint, OPERATION, request)[0]


def arn_in(request: HttpRequest) -> str:
    reranking = json.loads(request.body or b"")["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    found: str = reranking["modelConfiguration"]["modelArn"]
    return found


def test_a_request_is_what_another_client_sends() -> None:
    sent = asked(top_n=1)

    assert sent.url == "https://bedrock-agent-runtime.us-west-2.amazonaws.com/rerank"
    assert json.loads(sent.body or b"") == {
        "queries": [{"textQuery": {"text": "first letter"}, "type": "TEXT"}],
        "rerankingConfiguration": {
            "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": f"arn:aws:bedrock:us-west-2::foundation-model/{MODEL}"},
                "numberOfResults": 1,
            },
            "type": "BEDROCK_RERANKING_MODEL",
        },
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in ("alpha", "beta")
        ],
    }


def test_botocore_would_send_our_body() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    shape = session.get_service_model("bedrock-agent-runtime").operation_model("Rerank").input_shape
    validator = pytest.importorskip("botocore.validate").ParamValidator()

    assert validator.validate(json.loads(asked().body or b""), shape).generate_report() == ""


def test_a_model_that_is_an_arn_stays_one() -> None:
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"

    assert arn_in(asked(arn)) == arn


def test_where_the_region_is_not_known_the_models_name_stands_alone() -> None:
    assert arn_in(asked(base_url="https://gateway.example.com")) == MODEL


def test_the_recorded_answer_is_read() -> None:
    endpoint = get_config("bedrock").rerank
    assert endpoint is not None
    response = HttpResponse(status=200, body=(RECORDED / "bedrock.json").read_bytes())

    answer: RerankResponse = adapter(IN_OREGON).decode_operation(endpoint, OPERATION, response)

    assert answer.results == (RerankResult(0, 0.5110583305358887), RerankResult(5, 0.30241215229034424))
    assert (answer.provider, answer.usage, answer.model) == ("bedrock", None, None)


def test_an_answer_without_results_is_an_invalid_one() -> None:
    endpoint = get_config("bedrock").rerank
    assert endpoint is not None

    with pytest.raises(InvalidResponseError):
        adapter(IN_OREGON).decode_operation(
            endpoint, OPERATION, HttpResponse(status=200, body=b'{"results":[{"index":0}]}')
        )
    assert attrs.asdict(endpoint)["path"] == "/rerank"
