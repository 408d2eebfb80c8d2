"""Requests, responses and their parts, as frozen values.

No I/O and no policy: this package imports `errors`, `schemas` and `utils`, and nothing that sends, waits or decides.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
    from ai_lib.types.content import Audio, Document, Image, Json, Text
    from ai_lib.types.embedding import EmbeddingResponse
    from ai_lib.types.job import JobResult, JobState, JobStatus
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.message import Citation, Message, Role
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.price import Cost, Prices, PriceTier
    from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
    from ai_lib.types.rerank import RerankResponse, RerankResult
    from ai_lib.types.response import ChatCompletionResponse, Choice
    from ai_lib.types.serialize import from_json, to_json
    from ai_lib.types.tool import NamedTool, Tool, ToolCall
    from ai_lib.types.trace import Attempt, Step, Trace
    from ai_lib.types.upload import UploadedFile
    from ai_lib.types.usage import TokenCount, Usage, UsageStatus
    from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "types.chunk": "ChatCompletionChunk ToolCallDelta",
            "types.content": "Audio Document Image Json Text",
            "types.embedding": "EmbeddingResponse",
            "types.job": "JobResult JobState JobStatus",
            "types.limits": "LimitStatus",
            "types.message": "Citation Message Role",
            "types.model": "ModelInfo",
            "types.price": "Cost PriceTier Prices",
            "types.request": "ChatCompletionRequest ResponseFormat",
            "types.rerank": "RerankResponse RerankResult",
            "types.response": "ChatCompletionResponse Choice",
            "types.serialize": "from_json to_json",
            "types.tool": "NamedTool Tool ToolCall",
            "types.trace": "Attempt Step Trace",
            "types.upload": "UploadedFile",
            "types.usage": "TokenCount Usage UsageStatus",
            "types.wire": "HttpRequest HttpResponse Timeout",
        },
    )

__all__ = [
    "Attempt", "Audio", "ChatCompletionChunk", "ChatCompletionRequest", "ChatCompletionResponse", "Choice",
    "Citation", "Cost", "Document", "EmbeddingResponse", "HttpRequest", "HttpResponse", "Image", "JobResult",
    "JobState", "JobStatus", "Json", "LimitStatus", "Message", "ModelInfo", "NamedTool", "PriceTier", "Prices",
    "RerankResponse", "RerankResult", "ResponseFormat", "Role", "Step", "Text", "Timeout", "TokenCount", "Tool",
    "ToolCall", "ToolCallDelta", "Trace", "UploadedFile", "Usage", "UsageStatus", "from_json", "to_json",
]  # fmt: skip
