"""OpenAI's form of embeddings, and what other providers call differently."""

import base64
import json
import struct
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import ProviderConfig
from ai_lib.errors import ConfigurationError, InvalidResponseError, RateLimitError, UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.registry import configs, get_config, load_dialect, load_operation
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.wire import HttpResponse

RECORDED = Path(__file__).parents[2] / "recorded_operations" / "embed"
REQUESTS = json.loads((RECORDED / "requests.json").read_text())
INT8 = {"encoding": "base64_int8"}


def endpoint(options=None):
    return Endpoint(format="openai", path="/embeddings", options=options or {})


def adapter():
    config = ProviderConfig("gw", base_url="http://gw.example/v1")
    return ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url=config.base_url)


def body_of(request, options=None, on_unsupported="raise"):
    at = endpoint(options)
    prepared, left_out = adapter().operation_request(at, load_operation("embed", "openai"), request, on_unsupported)
    return json.loads(prepared.body), left_out


def read(payload, options=None, status=200) -> EmbeddingResponse:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    response = HttpResponse(status=status, body=body)
    return adapter().decode_operation(endpoint(options), load_operation("embed", "openai"), response)


def rows(*vectors):
    return {"data": [{"index": index, "embedding": vector} for index, vector in vectors]}


# --- answers


@pytest.mark.parametrize(
    ("file", "options", "size", "first", "tokens", "model"),
    [
        ("openai", {}, 5, (0.0057293195, -0.012727811, 0.020042092), 12, "text-embedding-3-small"),
        ("mistral", {}, 5, (0.1, 0.2, 0.3), 8, "mistral-embed"),
        ("voyage", {"encoding": ""}, 5, (0.000344163, -0.022529466, 0.010127448), 12, "voyage-3.5"),
        ("perplexity", INT8, 5, (1.0, -2.0, 3.0), 8, "pplx-embed-v1-4b"),
    ],
)
def test_a_recorded_answer_is_read(file, options, size, first, tokens, model):
    answer = read((RECORDED / f"{file}.json").read_bytes(), options)

    assert [len(vector) for vector in answer.vectors] == [size, size]
    assert answer.vectors[0][:3] == first
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (tokens, tokens)
    assert (answer.model, answer.provider) == (model, "gw")
    assert answer.raw["data"]


def test_the_price_that_perplexity_reports_is_the_cost():
    assert read((RECORDED / "perplexity.json").read_bytes(), INT8).usage.cost == Decimal("0.0001")


def test_vectors_come_in_the_order_of_the_inputs_whatever_the_order_of_the_answer():
    answer = read(rows((2, [3.0]), (0, [1.0]), (1, [2.0])))

    assert answer.vectors == ((1.0,), (2.0,), (3.0,))


def test_vectors_without_numbers_are_taken_in_the_order_they_come():
    assert read({"data": [{"embedding": [1]}, {"embedding": [2]}]}).vectors == ((1.0,), (2.0,))


@pytest.mark.parametrize("places", [(0, 0), (0, 2), (1, 2), (0, None)])
def test_numbers_that_do_not_tell_whose_a_vector_is_are_an_error(places):
    with pytest.raises(InvalidResponseError):
        read(rows(*((place, [1.0]) for place in places)))


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=9), min_size=1, max_size=5))
def test_base64_is_the_same_as_numbers(vectors):
    packed = [base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() for vector in vectors]

    assert read(rows(*enumerate(packed))).vectors == read(rows(*enumerate(vectors))).vectors


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=20))
def test_signed_bytes_in_base64_are_numbers(values):
    packed = base64.b64encode(struct.pack(f"{len(values)}b", *values)).decode()

    assert read(rows((0, packed)), INT8).vectors == (tuple(map(float, values)),)


def test_missing_usage_is_none_and_no_error():
    assert read(rows((0, [1.0]))).usage is None


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {"data": None},
        {"data": [None]},
        {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": None}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": [[1.0]]}]},
        {"data": [{"index": 0, "embedding": [None]}]},
        {"data": [{"index": 0, "embedding": "no base64"}]},
        {"data": [{"index": 0, "embedding": "AAA="}]},
    ],
)
def test_an_answer_that_lacks_what_is_promised_is_a_typed_error(payload):
    with pytest.raises(InvalidResponseError) as caught:
        read(payload)

    assert caught.value.code == "malformed_answer"


def test_an_error_in_an_answer_with_status_200_is_that_error():
    with pytest.raises(RateLimitError, match="slow down"):
        read({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})


def test_voyages_errors_are_read():
    with pytest.raises(RateLimitError, match="too fast"):
        read({"detail": "too fast"}, status=429)


# --- requests


def test_every_field_has_its_place():
    request = EmbeddingRequest(model="m", inputs=["a", "b"], dimensions=3, user="u", extensions={"truncate": "END"})

    assert body_of(request) == (
        {
            "model": "m",
            "input": ["a", "b"],
            "encoding_format": "float",
            "dimensions": 3,
            "user": "u",
            "truncate": "END",
        },
        (),
    )


def test_what_has_no_value_is_not_sent():
    assert body_of(EmbeddingRequest(model="m", inputs="a"), {"encoding": ""})[0] == {"model": "m", "input": ["a"]}


@pytest.mark.parametrize(
    ("field", "options"), [("dimensions", {"dimensions": ""}), ("task", {}), ("user", {"user": False})]
)
def test_an_unsupported_field_is_refused_or_left_out_as_requested(field, options):
    request = EmbeddingRequest(model="m", inputs="a", **{field: {"dimensions": 3, "task": "query", "user": "u"}[field]})

    with pytest.raises(UnsupportedFeatureError, match=field):
        body_of(request, options)
    body, left_out = body_of(request, options, "drop")
    assert set(body) == {"model", "input", "encoding_format"}
    assert left_out[0].startswith(f"{field}: ")


def test_an_unknown_option_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="unknown quirk of embed format openai: dimension"):
        body_of(EmbeddingRequest(model="m", inputs="a"), {"dimension": "x"})


@pytest.mark.parametrize("provider", [name for name in REQUESTS if name in {config.id for config in configs()}])
def test_a_provider_gets_what_another_client_sends_it(provider):
    at = get_config(provider).embed
    expected = REQUESTS[provider]
    request = EmbeddingRequest(model=expected["model"], inputs=["alpha", "beta"])

    prepared, _ = adapter().operation_request(at, load_operation("embed", at.format), request)

    assert json.loads(prepared.body) == expected


@pytest.mark.parametrize(
    ("provider", "task", "sent"),
    [
        ("voyage", "query", {"input_type": "query"}),
        ("voyage", "document", {"input_type": "document"}),
        ("jina", "query", {"task": "retrieval.query"}),
        ("jina", "document", {"task": "retrieval.passage"}),
        ("jina", "similarity", {"task": "text-matching"}),
        ("jina", "classification", {"task": "classification"}),
        ("jina", "clustering", {"task": "separation"}),
        ("nvidia", "query", {"input_type": "query"}),
        ("nvidia", "document", {"input_type": "passage"}),
    ],
)
def test_a_task_goes_in_the_providers_words(provider, task, sent):
    body, _ = body_of(EmbeddingRequest(model="m", inputs="a", task=task), get_config(provider).embed.options)

    assert body.items() >= sent.items()


@pytest.mark.parametrize(("provider", "name"), [("voyage", "output_dimension"), ("jina", "dimensions")])
def test_the_length_goes_under_the_providers_name(provider, name):
    body, _ = body_of(EmbeddingRequest(model="m", inputs="a", dimensions=64), get_config(provider).embed.options)

    assert body[name] == 64
