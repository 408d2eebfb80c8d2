"""A blocking, typed client for every chat-model provider.

>>> from ai_lib import AiClient
>>> client = AiClient("groq")                       # key from GROQ_API_KEY
>>> client.chat("Say hi").text
'Hi!'
>>> for chunk in client.stream("Count to three"):
...     print(chunk.text, end="")
1, 2, 3

What most programs use is here. Everything else that is public is in `ai_lib.errors`, `.types`, `.api` (the protocols),
`.routing`, `.reliability`, `.models`, `.metrics`, `.transport`, `.tools`, `.structured` and `.testing`.
"""

from typing import TYPE_CHECKING

from ai_lib.client.client import AiClient, quick_chat
from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    BudgetExceededError,
    CancelledError,
    ConfigurationError,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    TransportError,
    UnsupportedFeatureError,
)
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.content import Audio, Document, Image, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.types.usage import Usage
from ai_lib.types.wire import Timeout
from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.chat import ChatProvider
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.api.metrics import Metrics, Timer
    from ai_lib.api.selection import ModelSelectionStrategy
    from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.connection.jobs import BatchJob
    from ai_lib.metrics.memory import InMemoryMetrics
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.spending import Budget
    from ai_lib.providers.names import Provider
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.reliability.rate_limiter import RateLimit
    from ai_lib.reliability.retry import RetryPolicy
    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.balancing import LoadBalancingStrategy
    from ai_lib.routing.endpoint import ModelEndpoint
    from ai_lib.routing.fallback import FallbackChain, RoundRobin
    from ai_lib.routing.hedge import Hedge
    from ai_lib.routing.router import ModelRouter
    from ai_lib.tools import tool
    from ai_lib.tools.registry import Toolbox
    from ai_lib.types.embedding import EmbeddingResponse
    from ai_lib.types.model import ModelInfo
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.chat": "ChatProvider",
            "api.interceptor": "Interceptor",
            "api.metrics": "Metrics Timer",
            "api.selection": "ModelSelectionStrategy",
            "batch.item": "BatchItem BatchProgress BatchResult",
            "client.builder": "AiClientBuilder",
            "connection.jobs": "BatchJob",
            "metrics.memory": "InMemoryMetrics",
            "models.catalogue": "Catalogue",
            "models.spending": "Budget",
            "providers.names": "Provider",
            "reliability.config": "ResilienceConfig",
            "reliability.rate_limiter": "RateLimit",
            "reliability.retry": "RetryPolicy",
            "routing.array": "ModelArray",
            "routing.balancing": "LoadBalancingStrategy",
            "routing.endpoint": "ModelEndpoint",
            "routing.fallback": "FallbackChain RoundRobin",
            "routing.hedge": "Hedge",
            "routing.router": "ModelRouter",
            "tools": "tool",
            "tools.registry": "Toolbox",
            "types.embedding": "EmbeddingResponse",
            "types.model": "ModelInfo",
        },
    )

__version__ = "0.1.0"

__all__ = [
    "AiClient", "AiClientBuilder", "AiLibError", "Audio", "AuthenticationError", "BatchItem", "BatchJob",
    "BatchProgress", "BatchResult", "Budget", "BudgetExceededError", "CancelledError", "Catalogue",
    "ChatCompletionChunk", "ChatCompletionRequest", "ChatCompletionResponse", "ChatProvider", "ChatStream",
    "Choice", "ConfigurationError", "ConnectionOptions", "Document", "EmbeddingResponse", "FallbackChain",
    "Hedge", "Image", "InMemoryMetrics", "Interceptor", "InvalidRequestError", "LoadBalancingStrategy",
    "Message", "Metrics", "ModelArray", "ModelEndpoint", "ModelInfo", "ModelNotFoundError", "ModelRouter",
    "ModelSelectionStrategy", "Provider", "ProviderConfig", "ProviderError", "RateLimit", "RateLimitError",
    "RequestTimeoutError", "ResilienceConfig", "ResponseFormat", "RetryPolicy", "Role", "RoundRobin",
    "StreamInterruptedError", "Text", "Timeout", "Timer", "Tool", "ToolCall", "Toolbox", "TransportError",
    "UnsupportedFeatureError", "Usage", "quick_chat", "tool",
]  # fmt: skip
