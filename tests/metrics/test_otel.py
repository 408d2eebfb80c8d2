"""OpenTelemetry, with its real SDK."""

import json
import sys
import threading
from decimal import Decimal

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from ai_lib.errors import ConfigurationError, RateLimitError
from ai_lib.metrics import OpenTelemetryTracing
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.trace import Attempt
from ai_lib.types.usage import Usage
from tests.support.observed_calls import KNOWN_USAGE, SECRET, call_record, call_response, call_start, report_call


class Sdk:
    def __init__(self):
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)

    def tracing(self, **options):
        return OpenTelemetryTracing(self.tracers, self.meters, **options)

    @property
    def spans(self):
        return self._exporter.get_finished_spans()

    @property
    def points(self):
        data = self._reader.get_metrics_data()
        metrics = data.resource_metrics[0].scope_metrics[0].metrics
        return {metric.name: list(metric.data.data_points) for metric in metrics}


@pytest.fixture
def sdk():
    return Sdk()


def test_a_span_has_the_attributes_of_the_conventions(sdk):
    report_call(sdk.tracing(), **KNOWN_USAGE, response=call_response(), model="llama-1", request_id="r1")

    span = sdk.spans[0]
    assert (span.name, span.kind, span.status.status_code) == ("chat llama", SpanKind.CLIENT, StatusCode.UNSET)
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": "llama",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "llama-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "server.address": "api.groq.com",
        "server.port": 443,
        "ai_lib.call.id": "c1",
        "ai_lib.outcome": "success",
        "ai_lib.request_id": "r1",
    }
    assert (span.start_time, span.end_time) == (1_700_000_000_000_000_000, 1_700_000_000_500_000_000)


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("gemini", "gcp.gemini"),
        ("bedrock", "aws.bedrock"),
        ("azure_openai", "azure.ai.openai"),
        ("xai", "x_ai"),
        ("mistral", "mistral_ai"),
        ("ollama", "ollama"),
    ],
)
def test_providers_have_the_names_of_the_conventions(sdk, provider, expected):
    report_call(sdk.tracing(), call_start(provider=provider))

    assert sdk.spans[0].attributes["gen_ai.provider.name"] == expected


def test_operations_have_the_names_of_the_conventions(sdk):
    tracing = sdk.tracing()

    report_call(tracing, call_start(operation="stream"), first_chunk=0.25)
    report_call(tracing, call_start(operation="embed", request=None))
    report_call(tracing, call_start(operation="list_models", request=None, model=None))

    assert [span.name for span in sdk.spans] == ["chat llama", "embeddings llama", "list_models"]
    assert sdk.spans[0].attributes["gen_ai.request.stream"] is True
    assert sdk.spans[0].attributes["gen_ai.response.time_to_first_chunk"] == 0.25


def test_a_failure_has_its_class_and_its_status(sdk):
    report_call(sdk.tracing(), outcome="error", error=RateLimitError("secret words", status=429))

    span = sdk.spans[0]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "RateLimitError"
    assert span.attributes["http.response.status_code"] == 429
    assert "secret words" not in span.to_json()


def test_a_stream_that_was_abandoned_is_no_error(sdk):
    report_call(sdk.tracing(), outcome="abandoned")

    span = sdk.spans[0]
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["ai_lib.outcome"] == "abandoned"
    assert "error.type" not in span.attributes


def test_attempts_are_events_where_they_were(sdk):
    first = Attempt("OverloadedError", status=503, took=0.1, waited=0.2, decision="retried", provider="groq", model="m")
    last = Attempt("OverloadedError", took=9.0, decision="max_retries")

    report_call(sdk.tracing(), outcome="error", attempts=(first, last))

    retry, failed = sdk.spans[0].events
    assert (retry.name, failed.name) == ("ai_lib.retry", "ai_lib.attempt_failed")
    assert retry.attributes["error.type"] == "OverloadedError"
    assert retry.attributes["http.response.status_code"] == 503
    assert retry.timestamp - sdk.spans[0].start_time == pytest.approx(100_000_000, abs=1000)
    assert failed.timestamp == sdk.spans[0].end_time


def test_a_span_that_ends_in_another_thread_keeps_its_parent(sdk):
    tracer = sdk.tracers.get_tracer("program")

    with tracer.start_as_current_span("request") as parent:
        ended = sdk.tracing().call_started(call_start(operation="stream"))
    thread = threading.Thread(target=ended, args=[call_record()])
    thread.start()
    thread.join()

    child = sdk.spans[-1]
    assert child.parent.span_id == parent.get_span_context().span_id


def test_content_stays_out(sdk):
    report_call(sdk.tracing(), response=call_response())

    told = sdk.spans[0].to_json()
    assert "Who am I" not in told
    assert "You are" not in told


def test_content_is_written_without_keys_if_requested(sdk):
    report_call(sdk.tracing(capture_content=True), response=call_response())

    attributes = sdk.spans[0].attributes
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Who am I? My key is ***"}]}
    ]
    assert json.loads(attributes["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "You are ***"}], "finish_reason": "stop"}
    ]
    assert SECRET not in sdk.spans[0].to_json()


def test_request_options_are_attributes_of_the_span(sdk):
    request = ChatCompletionRequest(messages=[Message.user("hi")], n=2, seed=1, top_k=3, response_format=None)

    report_call(sdk.tracing(), call_start(request=request, tags=("nightly",), base_url="http://localhost:8080/v1"))

    attributes = sdk.spans[0].attributes
    assert attributes["gen_ai.request.choice.count"] == 2
    assert (attributes["gen_ai.request.seed"], attributes["gen_ai.request.top_k"]) == (1, 3)
    assert (attributes["server.address"], attributes["server.port"]) == ("localhost", 8080)
    assert attributes["ai_lib.tags"] == ("nightly",)


def test_a_request_for_json_says_so(sdk):
    request = ChatCompletionRequest(messages="hi", response_format=ResponseFormat(kind="json_object"))

    report_call(sdk.tracing(), call_start(request=request), cost=Decimal("0.25"))

    assert sdk.spans[0].attributes["gen_ai.output.type"] == "json"
    assert sdk.spans[0].attributes["ai_lib.cost_usd"] == 0.25


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://host", ("host", 80)),
        ("https://host:8443/v1", ("host", 8443)),
        ("embedded://host", ("host", None)),
        ("", (None, None)),
    ],
)
def test_the_server_is_an_attribute_if_it_is_known(sdk, base_url, expected):
    report_call(sdk.tracing(), call_start(base_url=base_url))

    attributes = sdk.spans[0].attributes
    assert (attributes.get("server.address"), attributes.get("server.port")) == expected


def test_a_response_without_id_model_and_reason_has_no_such_attributes(sdk):
    response = ChatCompletionResponse(choices=[Choice(message=Message.assistant("hi"))])

    report_call(
        sdk.tracing(),
        call_start(operation="embed", model=None),
        **{**KNOWN_USAGE, "usage": Usage(prompt_tokens=3)},
        response=response,
    )

    assert not [name for name in sdk.spans[0].attributes if name.startswith("gen_ai.response.")]
    assert [point.attributes["gen_ai.token.type"] for point in sdk.points["gen_ai.client.token.usage"]] == ["input"]


def test_a_call_that_is_not_sampled_is_measured(sdk):
    tracing = OpenTelemetryTracing(TracerProvider(ALWAYS_OFF, shutdown_on_exit=False), sdk.meters, capture_content=True)

    report_call(tracing)

    assert sdk.points["gen_ai.client.operation.duration"][0].count == 1


def test_an_error_without_a_status_has_its_class_alone(sdk):
    report_call(sdk.tracing(), outcome="error", error=RateLimitError(""))

    assert "http.response.status_code" not in sdk.spans[0].attributes


def test_measurements_have_the_names_and_buckets_of_the_conventions(sdk):
    report_call(sdk.tracing(), call_start(operation="stream"), **KNOWN_USAGE, first_chunk=0.25)

    duration = sdk.points["gen_ai.client.operation.duration"][0]
    assert (duration.count, duration.sum) == (1, 0.5)
    assert duration.explicit_bounds[:3] == (0.01, 0.02, 0.04)
    assert duration.explicit_bounds[-1] == 81.92
    assert duration.attributes["gen_ai.provider.name"] == "groq"
    assert sdk.points["gen_ai.client.operation.time_to_first_chunk"][0].sum == 0.25
    tokens = sdk.points["gen_ai.client.token.usage"]
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in tokens} == {"input": 10, "output": 5}
    assert tokens[0].explicit_bounds[0] == 1
    assert tokens[0].explicit_bounds[-1] == 67108864


def test_a_measurement_of_a_failure_has_its_class(sdk):
    report_call(sdk.tracing(), outcome="error", error=RateLimitError(""), provider="openai", base_url="")

    attributes = sdk.points["gen_ai.client.operation.duration"][0].attributes
    assert attributes["error.type"] == "RateLimitError"
    assert attributes["gen_ai.provider.name"] == "openai"
    assert "server.address" not in attributes


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(ConfigurationError, match=r'pip install "ai-lib\[otel\]"'):
        OpenTelemetryTracing()
