"""A blocking, typed client for every chat-model provider.

>>> from ai_lib import AiClient
>>> client = AiClient("groq")                       # key from GROQ_API_KEY
>>> client.chat("Say hi").text
'Hi!'
>>> for chunk in client.stream("Count to three"):
...     print(chunk.text, end="")
1, 2, 3
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ai_lib.client.client import AiClient, quick_chat
from ai_lib.client.options import ConnectionOptions
from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    BackpressureError,
    BudgetExceededError,
    CancelledError,
    CircuitOpenError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ContentFilterError,
    ContextLengthError,
    DNSError,
    InvalidRequestError,
    InvalidResponseError,
    MissingKeyError,
    ModelNotFoundError,
    NetworkError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProxyError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
    TLSError,
    ToolArgumentsError,
    ToolLoopError,
    TransportError,
    UnsupportedFeatureError,
)
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.transport.http import HttpTransport
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.api.events import Event
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, Metrics, Timer
    from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
    from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult
    from ai_lib.client.array import ModelArray
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.client.jobs import BatchJob
    from ai_lib.client.provider import Provider
    from ai_lib.metrics.audit import AuditLog
    from ai_lib.metrics.logs import JsonLog
    from ai_lib.metrics.memory import InMemoryMetrics
    from ai_lib.metrics.otel import OpenTelemetryTracing
    from ai_lib.metrics.prometheus import PrometheusMetrics
    from ai_lib.models.balancing import LoadBalancingStrategy
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.endpoint import EndpointStatus, HealthCheck, ModelEndpoint
    from ai_lib.models.genai import GenaiPrices
    from ai_lib.models.router import ModelRouter
    from ai_lib.models.selection import (
        CostBased,
        LatencyBased,
        LeastConnections,
        PerformanceBased,
        QualityBased,
        RoundRobinModels,
        RoutingPolicy,
        SelectionPreset,
        WeightedModels,
    )
    from ai_lib.models.spending import Budget, Spending, Totals
    from ai_lib.reliability.concurrency import ConcurrencyLimit
    from ai_lib.reliability.config import BreakerPolicy, ResilienceConfig
    from ai_lib.reliability.fallback import FallbackChain, RoundRobin
    from ai_lib.reliability.hedge import Hedge
    from ai_lib.reliability.limiter import RateLimit, RateLimiter
    from ai_lib.reliability.monitor import ErrorAlert, ErrorThresholds
    from ai_lib.reliability.redis import RedisStore
    from ai_lib.reliability.redis_breakers import RedisBreakers
    from ai_lib.reliability.retry import RetryPolicy
    from ai_lib.reliability.sqlite import SqliteStore
    from ai_lib.reliability.target import Target
    from ai_lib.tools import tool
    from ai_lib.tools.loop import ToolStream
    from ai_lib.tools.registry import Toolbox
    from ai_lib.types.attempt import Attempt
    from ai_lib.types.embedding import EmbeddingResponse
    from ai_lib.types.job import JobResult, JobState, JobStatus
    from ai_lib.types.price import Cost, Prices, PriceTier
    from ai_lib.types.rerank import RerankResponse, RerankResult
    from ai_lib.types.serialize import from_json, to_json
    from ai_lib.types.tokens import TokenCount
    from ai_lib.types.trace import Step, Trace
    from ai_lib.types.upload import UploadedFile

__version__ = "0.1.0"

__all__ = [
    "AiClient",
    "AiClientBuilder",
    "AiLibError",
    "Attempt",
    "Audio",
    "AuditLog",
    "AuthenticationError",
    "BackpressureError",
    "BatchItem",
    "BatchJob",
    "BatchProgress",
    "BatchResult",
    "BreakerPolicy",
    "Budget",
    "BudgetExceededError",
    "Call",
    "CallObserver",
    "CallRecord",
    "CallStart",
    "CancelledError",
    "Catalogue",
    "ChatCompletionChunk",
    "ChatCompletionRequest",
    "ChatCompletionResponse",
    "ChatStream",
    "Choice",
    "CircuitOpenError",
    "Citation",
    "ConcurrencyLimit",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLostError",
    "ConnectionOptions",
    "ContentFilterError",
    "ContextLengthError",
    "Cost",
    "CostBased",
    "DNSError",
    "Document",
    "EmbeddingResponse",
    "EndpointStatus",
    "ErrorAlert",
    "ErrorThresholds",
    "Event",
    "FallbackChain",
    "GenaiPrices",
    "HealthCheck",
    "Hedge",
    "HttpRequest",
    "HttpResponse",
    "HttpTransport",
    "Image",
    "InMemoryMetrics",
    "Interceptor",
    "InvalidRequestError",
    "InvalidResponseError",
    "JobResult",
    "JobState",
    "JobStatus",
    "Json",
    "JsonLog",
    "LatencyBased",
    "LeastConnections",
    "LoadBalancingStrategy",
    "Message",
    "Metrics",
    "MissingKeyError",
    "ModelArray",
    "ModelEndpoint",
    "ModelInfo",
    "ModelNotFoundError",
    "ModelRouter",
    "ModelSelectionStrategy",
    "NamedTool",
    "NetworkError",
    "OpenTelemetryTracing",
    "OverloadedError",
    "PerformanceBased",
    "PermissionDeniedError",
    "PriceTier",
    "Prices",
    "PrometheusMetrics",
    "Provider",
    "ProviderConfig",
    "ProviderError",
    "ProxyError",
    "QualityBased",
    "QuotaExceededError",
    "RateLimit",
    "RateLimitError",
    "RateLimiter",
    "RedisBreakers",
    "RedisStore",
    "RequestTimeoutError",
    "RerankResponse",
    "RerankResult",
    "ResilienceConfig",
    "ResponseFormat",
    "RetryPolicy",
    "Role",
    "RoundRobin",
    "RoundRobinModels",
    "RoutingPolicy",
    "SelectionPreset",
    "Spending",
    "SqliteStore",
    "Step",
    "StreamInterruptedError",
    "StreamTimeoutError",
    "TLSError",
    "Target",
    "Text",
    "Timeout",
    "Timer",
    "TokenCount",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolCallDelta",
    "ToolLoopError",
    "ToolStream",
    "Toolbox",
    "Totals",
    "Trace",
    "TrafficObserver",
    "TransportError",
    "UnsupportedFeatureError",
    "UploadedFile",
    "Usage",
    "UsageStatus",
    "WeightedModels",
    "from_json",
    "quick_chat",
    "to_json",
    "tool",
]

# What many programs never use, and what takes time to import.
_LAZY = {
    "AiClientBuilder": "ai_lib.client.builder",
    "Attempt": "ai_lib.types.attempt",
    "AuditLog": "ai_lib.metrics.audit",
    "BatchItem": "ai_lib.batch.item",
    "BatchJob": "ai_lib.client.jobs",
    "BatchProgress": "ai_lib.batch.item",
    "BatchResult": "ai_lib.batch.item",
    "BreakerPolicy": "ai_lib.reliability.config",
    "Budget": "ai_lib.models.spending",
    "Call": "ai_lib.api.call",
    "CallObserver": "ai_lib.api.metrics",
    "CallRecord": "ai_lib.api.metrics",
    "CallStart": "ai_lib.api.metrics",
    "Catalogue": "ai_lib.models.catalogue",
    "ConcurrencyLimit": "ai_lib.reliability.concurrency",
    "Cost": "ai_lib.types.price",
    "CostBased": "ai_lib.models.selection",
    "EmbeddingResponse": "ai_lib.types.embedding",
    "EndpointStatus": "ai_lib.models.endpoint",
    "ErrorAlert": "ai_lib.reliability.monitor",
    "ErrorThresholds": "ai_lib.reliability.monitor",
    "Event": "ai_lib.api.events",
    "FallbackChain": "ai_lib.reliability.fallback",
    "GenaiPrices": "ai_lib.models.genai",
    "HealthCheck": "ai_lib.models.endpoint",
    "Hedge": "ai_lib.reliability.hedge",
    "InMemoryMetrics": "ai_lib.metrics.memory",
    "Interceptor": "ai_lib.api.interceptor",
    "JobResult": "ai_lib.types.job",
    "JobState": "ai_lib.types.job",
    "JobStatus": "ai_lib.types.job",
    "JsonLog": "ai_lib.metrics.logs",
    "LatencyBased": "ai_lib.models.selection",
    "LeastConnections": "ai_lib.models.selection",
    "LoadBalancingStrategy": "ai_lib.models.balancing",
    "Metrics": "ai_lib.api.metrics",
    "ModelArray": "ai_lib.client.array",
    "ModelEndpoint": "ai_lib.models.endpoint",
    "ModelRouter": "ai_lib.models.router",
    "ModelSelectionStrategy": "ai_lib.api.selection",
    "OpenTelemetryTracing": "ai_lib.metrics.otel",
    "PerformanceBased": "ai_lib.models.selection",
    "PriceTier": "ai_lib.types.price",
    "Prices": "ai_lib.types.price",
    "PrometheusMetrics": "ai_lib.metrics.prometheus",
    "Provider": "ai_lib.client.provider",
    "QualityBased": "ai_lib.models.selection",
    "RateLimit": "ai_lib.reliability.limiter",
    "RateLimiter": "ai_lib.reliability.limiter",
    "RedisBreakers": "ai_lib.reliability.redis_breakers",
    "RedisStore": "ai_lib.reliability.redis",
    "RerankResponse": "ai_lib.types.rerank",
    "RerankResult": "ai_lib.types.rerank",
    "ResilienceConfig": "ai_lib.reliability.config",
    "RetryPolicy": "ai_lib.reliability.retry",
    "RoundRobin": "ai_lib.reliability.fallback",
    "RoundRobinModels": "ai_lib.models.selection",
    "RoutingPolicy": "ai_lib.models.selection",
    "SelectionPreset": "ai_lib.models.selection",
    "Spending": "ai_lib.models.spending",
    "SqliteStore": "ai_lib.reliability.sqlite",
    "Step": "ai_lib.types.trace",
    "Target": "ai_lib.reliability.target",
    "Timer": "ai_lib.api.metrics",
    "TokenCount": "ai_lib.types.tokens",
    "ToolStream": "ai_lib.tools.loop",
    "Toolbox": "ai_lib.tools.registry",
    "Totals": "ai_lib.models.spending",
    "Trace": "ai_lib.types.trace",
    "TrafficObserver": "ai_lib.api.selection",
    "UploadedFile": "ai_lib.types.upload",
    "WeightedModels": "ai_lib.models.selection",
    "from_json": "ai_lib.types.serialize",
    "to_json": "ai_lib.types.serialize",
    "tool": "ai_lib.tools",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'ai_lib' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
