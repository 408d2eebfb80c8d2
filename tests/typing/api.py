"""The types that users see. Checked by mypy and pyright, never run.

A line with an ignore comment must be an error for both checkers: an unused comment fails the check.
"""

from collections.abc import Iterator, Mapping
from typing import Any, assert_type

from ai_lib import (
    AiClient,
    AiClientBuilder,
    BatchItem,
    BatchResult,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    ChatStream,
    ConnectionOptions,
    EmbeddingResponse,
    FallbackChain,
    Hedge,
    Image,
    InMemoryMetrics,
    Message,
    ModelArray,
    ModelInfo,
    ModelSelectionStrategy,
    Provider,
    ProviderConfig,
    ResilienceConfig,
    Timeout,
    Tool,
    ToolCall,
    Usage,
    quick_chat,
    tool,
)
from ai_lib.api import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.client.interceptors import InterceptedProvider
from ai_lib.client.observers import ObservedProvider
from ai_lib.connection.connection import Connection
from ai_lib.metrics import AuditLog, CallObserver, JsonLog, MetricsObserver, OpenTelemetryTracing, PrometheusMetrics
from ai_lib.models import Cost
from ai_lib.routing import (
    CostBased,
    LatencyBased,
    LeastConnections,
    PerformanceBased,
    QualityBased,
    RoundRobinModels,
    RoutingPolicy,
    WeightedModels,
)
from ai_lib.routing.custom import CustomProvider
from ai_lib.routing.hedge import HedgedProvider
from ai_lib.routing.pool import PoolProvider
from ai_lib.tools.loop import ToolStream
from ai_lib.transport.embedded import EmbeddedTransport
from ai_lib.transport.http import HttpTransport
from ai_lib.transport.simple import SimpleTransport
from ai_lib.types import RerankResponse, RerankResult, TokenCount, UploadedFile, from_json

# What is ours fits the protocols that users implement.
provider_types: list[type[ChatProvider[ChatStream]]] = [
    Connection, CustomProvider, HedgedProvider, InterceptedProvider, ObservedProvider, PoolProvider, ModelArray,
]  # fmt: skip
observer_types: list[type[CallObserver]] = [
    InMemoryMetrics, PrometheusMetrics, OpenTelemetryTracing, JsonLog, AuditLog, MetricsObserver,
]  # fmt: skip
strategy_types: list[type[ModelSelectionStrategy]] = [
    RoundRobinModels, WeightedModels, CostBased, PerformanceBased, QualityBased, LatencyBased, LeastConnections,
    RoutingPolicy,
]  # fmt: skip
transport_types: list[type[Transport]] = [HttpTransport, EmbeddedTransport, SimpleTransport]


class Canned:
    def post(self, url: str, body: bytes) -> bytes:
        return b"{}"


canned: BytesTransport = Canned()
AiClient("groq", transport=canned)

client = AiClient("groq")
assert_type(AiClient(Provider.GROQ, model="m", options=ConnectionOptions(timeout=Timeout(total=3))), AiClient)
assert_type(AiClient(ProviderConfig("gateway", base_url="https://gateway.example/v1", key_env="GATEWAY_KEY")), AiClient)
assert_type(AiClient.builder("groq").with_timeout(3).with_model("m"), AiClientBuilder[AiClient])
assert_type(AiClient.builder("groq").build(), AiClient)
assert_type(
    AiClient.builder("groq").for_production().with_max_concurrency(3).with_rate_limit(60), AiClientBuilder[AiClient]
)
assert_type(FallbackChain(["groq"]).on_timeout("openai").always(client_of_mine := AiClient("groq")), FallbackChain)
AiClient("groq", resilience=ResilienceConfig.production(), route=Hedge().contender(client_of_mine, after=0.5))

answer = client.chat("hi", temperature=0.2, stop=["x"], extensions={"service_tier": "flex"})
assert_type(answer, ChatCompletionResponse[None])
assert_type(answer.text, str)
assert_type(answer.reasoning, str | None)
assert_type(answer.usage, Usage)
assert_type(answer.tool_calls, tuple[ToolCall, ...])
assert_type(answer.tool_calls[0].arguments, dict[str, Any])
assert_type(answer.message, Message)

client.chat([Message.system("Be brief."), Message.user("What is this?", Image.from_file("x.png"))])
client.chat([{"role": "user", "content": "hi"}])
client.chat(ChatCompletionRequest(messages="hi"))
conversation: list[Message] = [Message.user("hi")]
client.chat(conversation)
plain: list[Mapping[str, Any]] = [{"role": "user", "content": "hi"}]
client.chat(plain)

with client.stream("hi") as stream:
    assert_type(stream, ChatStream[None])
    for chunk in stream:
        assert_type(chunk, ChatCompletionChunk)
        assert_type(chunk.text, str)
assert_type(stream.response, ChatCompletionResponse[None])

assert_type(client.list_models(), list[ModelInfo])
assert_type(quick_chat("hi"), str)
assert_type(from_json(b"{}", Message), Message)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


assert_type(add, Tool)
client.chat("hi", tools=[add])

assert_type(client.embed(["a", "b"], dimensions=256, task="query"), EmbeddingResponse)
assert_type(client.embed("a").vectors[0], tuple[float, ...])
assert_type(client.rerank("q", (text for text in ["a", "b"]), top_n=1), RerankResponse)
assert_type(client.rerank("q", ["a"]).results[0], RerankResult)
assert_type(client.count_tokens("hi", exact=True, tools=[Tool("t")]), TokenCount)
assert_type(client.model_info("m"), ModelInfo)
assert_type(client.upload_file("a.pdf", purpose="user_data"), UploadedFile)
assert_type(client.upload_file(b"data", name="a.txt").id, str)

assert_type(client.batch(["a", "b"]), BatchResult[None])
assert_type(next(client.map(["a"])), BatchItem[None])
assert_type(client.run_tools("hi", []), ChatCompletionResponse[None])
assert_type(client.stream_tools("hi", []), ToolStream)
assert_type(client.chat("hi").cost_breakdown, Cost | None)


# --- the type of `.parsed` follows `response_format`


class City:
    name: str


SCHEMA: Mapping[str, Any] = {"type": "object"}
assert_type(client.chat("hi").parsed, None)
assert_type(client.chat("hi", response_format=City).parsed, City)
assert_type(client.chat("hi", response_format=list[City], temperature=0.0).parsed, list[City])
assert_type(client.chat("hi", response_format=SCHEMA).parsed, Any)
assert_type(client.chat("hi", response_format="json_object", tags=["a"], max_repairs=1).parsed, Any)
assert_type(client.stream("hi", response_format=City, resume=True), ChatStream[City])
assert_type(client.stream("hi", response_format=City).response.parsed, City)
assert_type(client.run_tools("hi", [add], response_format=City, max_rounds=3).parsed, City)
assert_type(client.batch(["a"], response_format=City, max_workers=2)[0].result().parsed, City)
assert_type(next(client.map(["a"], response_format=City, ordered=False)), BatchItem[City])


def title(response: ChatCompletionResponse) -> str:  # a bare name means any type of `.parsed`
    return response.text


title(client.chat("hi", response_format=City))
AiClient(Provider.OPENAI, ConnectionOptions(timeout=3.0))

# --- a typo or a wrong type is an error

client.chat("hi", temprature=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
client.chat("hi", temperature="hot")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
client.stream("hi", max_token=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
client.batch(["a"], max_worker=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
client.run_tools("hi", [], max_round=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
client.submit_batch(["a"], sed=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# --- a custom provider answers alone


class Echo:
    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        raise NotImplementedError

    def stream(self, request: ChatCompletionRequest, call: Call) -> list[ChatCompletionChunk]:
        return []

    def list_models(self, call: Call) -> list[ModelInfo]:
        return []


echo: ChatProvider = Echo()
AiClient(echo)
AiClient("groq", route=Echo())


class Least:
    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        raise NotImplementedError

    def stream(self, request: ChatCompletionRequest) -> Iterator[ChatCompletionChunk]:
        raise NotImplementedError


AiClient(Least())
AiClient("groq", route=Least())
AiClient.builder(Least()).with_route(Least())
AiClient(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
