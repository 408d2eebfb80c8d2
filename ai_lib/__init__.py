"""A blocking, typed client for every chat-model provider.

>>> from ai_lib import AiClient
>>> client = AiClient("groq")                       # key from GROQ_API_KEY
>>> client.chat("Say hi").text
'Hi!'
>>> for chunk in client.stream("Count to three"):
...     print(chunk.text, end="")
1, 2, 3
"""

from typing import TYPE_CHECKING

from ai_lib.client.client import AiClient, quick_chat
from ai_lib.connection.options import ConnectionOptions
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
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.trace import Attempt, Step, Trace
from ai_lib.types.usage import TokenCount, Usage, UsageStatus
from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.api.events import Event
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, Metrics, Timer
    from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
    from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.connection.jobs import BatchJob
    from ai_lib.metrics.audit import AuditLog
    from ai_lib.metrics.logs import JsonLog
    from ai_lib.metrics.memory import InMemoryMetrics
    from ai_lib.metrics.otel import OpenTelemetryTracing
    from ai_lib.metrics.prometheus import PrometheusMetrics
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.genai_prices import GenaiPrices
    from ai_lib.models.spending import Budget, Spending, Totals
    from ai_lib.providers.names import Provider
    from ai_lib.reliability.concurrency import ConcurrencyLimit
    from ai_lib.reliability.config import BreakerPolicy, ResilienceConfig
    from ai_lib.reliability.monitor import ErrorAlert, ErrorThresholds
    from ai_lib.reliability.rate_limiter import RateLimit, RateLimiter
    from ai_lib.reliability.redis import RedisStore
    from ai_lib.reliability.redis_breakers import RedisBreakers
    from ai_lib.reliability.retry import RetryPolicy
    from ai_lib.reliability.sqlite import SqliteStore
    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.balancing import LoadBalancingStrategy
    from ai_lib.routing.endpoint import EndpointStatus, HealthCheck, ModelEndpoint
    from ai_lib.routing.fallback import FallbackChain, RoundRobin
    from ai_lib.routing.hedge import Hedge
    from ai_lib.routing.router import ModelRouter
    from ai_lib.routing.selection import (
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
    from ai_lib.routing.target import Target
    from ai_lib.tools import tool
    from ai_lib.tools.loop import ToolStream
    from ai_lib.tools.registry import Toolbox
    from ai_lib.types.embedding import EmbeddingResponse
    from ai_lib.types.job import JobResult, JobState, JobStatus
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.price import Cost, Prices, PriceTier
    from ai_lib.types.rerank import RerankResponse, RerankResult
    from ai_lib.types.serialize import from_json, to_json
    from ai_lib.types.upload import UploadedFile
else:
    # What many programs never use, and what takes time to import.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.call": "Call",
            "api.events": "Event",
            "api.interceptor": "Interceptor",
            "api.metrics": "CallObserver CallRecord CallStart Metrics Timer",
            "api.selection": "ModelSelectionStrategy TrafficObserver",
            "batch.item": "BatchItem BatchProgress BatchResult",
            "client.builder": "AiClientBuilder",
            "connection.jobs": "BatchJob",
            "metrics.audit": "AuditLog",
            "metrics.logs": "JsonLog",
            "metrics.memory": "InMemoryMetrics",
            "metrics.otel": "OpenTelemetryTracing",
            "metrics.prometheus": "PrometheusMetrics",
            "models.catalogue": "Catalogue",
            "models.genai_prices": "GenaiPrices",
            "models.spending": "Budget Spending Totals",
            "providers.names": "Provider",
            "reliability.concurrency": "ConcurrencyLimit",
            "reliability.config": "BreakerPolicy ResilienceConfig",
            "reliability.monitor": "ErrorAlert ErrorThresholds",
            "reliability.rate_limiter": "RateLimit RateLimiter",
            "reliability.redis": "RedisStore",
            "reliability.redis_breakers": "RedisBreakers",
            "reliability.retry": "RetryPolicy",
            "reliability.sqlite": "SqliteStore",
            "routing.array": "ModelArray",
            "routing.balancing": "LoadBalancingStrategy",
            "routing.endpoint": "EndpointStatus HealthCheck ModelEndpoint",
            "routing.fallback": "FallbackChain RoundRobin",
            "routing.hedge": "Hedge",
            "routing.router": "ModelRouter",
            "routing.selection": "CostBased LatencyBased LeastConnections PerformanceBased QualityBased "
            "RoundRobinModels RoutingPolicy SelectionPreset WeightedModels",
            "routing.target": "Target",
            "tools": "tool",
            "tools.loop": "ToolStream",
            "tools.registry": "Toolbox",
            "types.embedding": "EmbeddingResponse",
            "types.job": "JobResult JobState JobStatus",
            "types.model": "ModelInfo",
            "types.price": "Cost PriceTier Prices",
            "types.rerank": "RerankResponse RerankResult",
            "types.serialize": "from_json to_json",
            "types.upload": "UploadedFile",
        },
    )

__version__ = "0.1.0"

__all__ = [
    "AiClient", "AiClientBuilder", "AiLibError", "Attempt", "Audio", "AuditLog", "AuthenticationError",
    "BackpressureError", "BatchItem", "BatchJob", "BatchProgress", "BatchResult", "BreakerPolicy", "Budget",
    "BudgetExceededError", "Call", "CallObserver", "CallRecord", "CallStart", "CancelledError", "Catalogue",
    "ChatCompletionChunk", "ChatCompletionRequest", "ChatCompletionResponse", "ChatStream", "Choice",
    "CircuitOpenError", "Citation", "ConcurrencyLimit", "ConfigurationError", "ConnectError", "ConnectionLostError",
    "ConnectionOptions", "ContentFilterError", "ContextLengthError", "Cost", "CostBased", "DNSError", "Document",
    "EmbeddingResponse", "EndpointStatus", "ErrorAlert", "ErrorThresholds", "Event", "FallbackChain", "GenaiPrices",
    "HealthCheck", "Hedge", "HttpRequest", "HttpResponse", "HttpTransport", "Image", "InMemoryMetrics",
    "Interceptor", "InvalidRequestError", "InvalidResponseError", "JobResult", "JobState", "JobStatus", "Json",
    "JsonLog", "LatencyBased", "LeastConnections", "LoadBalancingStrategy", "Message", "Metrics", "MissingKeyError",
    "ModelArray", "ModelEndpoint", "ModelInfo", "ModelNotFoundError", "ModelRouter", "ModelSelectionStrategy",
    "NamedTool", "NetworkError", "OpenTelemetryTracing", "OverloadedError", "PerformanceBased",
    "PermissionDeniedError", "PriceTier", "Prices", "PrometheusMetrics", "Provider", "ProviderConfig",
    "ProviderError", "ProxyError", "QualityBased", "QuotaExceededError", "RateLimit", "RateLimitError",
    "RateLimiter", "RedisBreakers", "RedisStore", "RequestTimeoutError", "RerankResponse", "RerankResult",
    "ResilienceConfig", "ResponseFormat", "RetryPolicy", "Role", "RoundRobin", "RoundRobinModels", "RoutingPolicy",
    "SelectionPreset", "Spending", "SqliteStore", "Step", "StreamInterruptedError", "StreamTimeoutError",
    "TLSError", "Target", "Text", "Timeout", "Timer", "TokenCount", "Tool", "ToolArgumentsError", "ToolCall",
    "ToolCallDelta", "ToolLoopError", "ToolStream", "Toolbox", "Totals", "Trace", "TrafficObserver",
    "TransportError", "UnsupportedFeatureError", "UploadedFile", "Usage", "UsageStatus", "WeightedModels",
    "from_json", "quick_chat", "to_json", "tool",
]  # fmt: skip
