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
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.client.provider import Provider
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
    from ai_lib.types.attempt import Attempt
    from ai_lib.types.embedding import EmbeddingResponse
    from ai_lib.types.rerank import RerankResponse, RerankResult
    from ai_lib.types.serialize import from_json, to_json
    from ai_lib.types.tokens import TokenCount
    from ai_lib.types.upload import UploadedFile

__version__ = "0.1.0"

__all__ = [
    "AiClient",
    "AiClientBuilder",
    "AiLibError",
    "Attempt",
    "Audio",
    "AuthenticationError",
    "BackpressureError",
    "BreakerPolicy",
    "Call",
    "CancelledError",
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
    "DNSError",
    "Document",
    "EmbeddingResponse",
    "ErrorAlert",
    "ErrorThresholds",
    "Event",
    "FallbackChain",
    "Hedge",
    "HttpRequest",
    "HttpResponse",
    "HttpTransport",
    "Image",
    "Interceptor",
    "InvalidRequestError",
    "InvalidResponseError",
    "Json",
    "Message",
    "MissingKeyError",
    "ModelInfo",
    "ModelNotFoundError",
    "NamedTool",
    "NetworkError",
    "OverloadedError",
    "PermissionDeniedError",
    "Provider",
    "ProviderConfig",
    "ProviderError",
    "ProxyError",
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
    "SqliteStore",
    "StreamInterruptedError",
    "StreamTimeoutError",
    "TLSError",
    "Target",
    "Text",
    "Timeout",
    "TokenCount",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolCallDelta",
    "TransportError",
    "UnsupportedFeatureError",
    "UploadedFile",
    "Usage",
    "UsageStatus",
    "from_json",
    "quick_chat",
    "to_json",
    "tool",
]

# What many programs never use, and what takes time to import.
_LAZY = {
    "AiClientBuilder": "ai_lib.client.builder",
    "Attempt": "ai_lib.types.attempt",
    "BreakerPolicy": "ai_lib.reliability.config",
    "Call": "ai_lib.api.call",
    "ConcurrencyLimit": "ai_lib.reliability.concurrency",
    "EmbeddingResponse": "ai_lib.types.embedding",
    "ErrorAlert": "ai_lib.reliability.monitor",
    "ErrorThresholds": "ai_lib.reliability.monitor",
    "Event": "ai_lib.api.events",
    "FallbackChain": "ai_lib.reliability.fallback",
    "Hedge": "ai_lib.reliability.hedge",
    "Interceptor": "ai_lib.api.interceptor",
    "Provider": "ai_lib.client.provider",
    "RateLimit": "ai_lib.reliability.limiter",
    "RateLimiter": "ai_lib.reliability.limiter",
    "RedisBreakers": "ai_lib.reliability.redis_breakers",
    "RedisStore": "ai_lib.reliability.redis",
    "RerankResponse": "ai_lib.types.rerank",
    "RerankResult": "ai_lib.types.rerank",
    "ResilienceConfig": "ai_lib.reliability.config",
    "RetryPolicy": "ai_lib.reliability.retry",
    "RoundRobin": "ai_lib.reliability.fallback",
    "SqliteStore": "ai_lib.reliability.sqlite",
    "Target": "ai_lib.reliability.target",
    "TokenCount": "ai_lib.types.tokens",
    "UploadedFile": "ai_lib.types.upload",
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
