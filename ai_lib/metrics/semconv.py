"""A call in the words of OpenTelemetry's conventions for generative AI.

They are in development. Names are those of `open-telemetry/semantic-conventions-genai` in 2026; what they have no name
for begins with `ai_lib`.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and gen-ai-metrics/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from ai_lib.api.metrics import CallRecord, CallStart, Operation
from ai_lib.metrics.content import clean, input_messages, output_messages
from ai_lib.metrics.record import error_class, has_usage, is_failure
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.trace import Attempt
from ai_lib.utils import json

__all__ = [
    "Attributes",
    "at_end",
    "at_start",
    "input_content",
    "of_attempt",
    "of_metrics",
    "operation_name",
    "output_content",
]

Attributes: TypeAlias = dict[str, str | bool | int | float | Sequence[str]]
"""What a span, an event or a measurement carries."""

# What has no entry keeps the name it has here.
_OPERATIONS: Mapping[Operation, str] = {"stream": "chat", "embed": "embeddings"}
_PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "codestral": "mistral_ai",
    "gemini": "gcp.gemini",
    "kimi_coding": "moonshot_ai",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
_REQUEST = ("temperature", "top_p", "top_k", "max_tokens", "seed", "frequency_penalty", "presence_penalty")
_USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "audio_prompt_tokens": "gen_ai.usage.audio.input_tokens",
    "audio_completion_tokens": "gen_ai.usage.audio.output_tokens",
}
_PORTS = {"http": 80, "https": 443}


def operation_name(operation: Operation) -> str:
    """Return the conventions' name of an operation."""
    return _OPERATIONS.get(operation, operation)


def at_start(start: CallStart) -> Attributes:
    """Return what is known of a call before it is sent."""
    attributes = {**_identity(start, start.provider), **_server(start.base_url)}
    if start.operation == "stream":
        attributes["gen_ai.request.stream"] = True
    if start.request is not None:
        attributes.update(_of_request(start.request))
    attributes["ai_lib.call.id"] = start.id
    if start.tags:
        attributes["ai_lib.tags"] = start.tags
    return attributes


def at_end(record: CallRecord) -> Attributes:
    """Return what is known of a call when it is over."""
    attributes: Attributes = {
        "gen_ai.provider.name": _provider_name(record.provider),
        **_server(record.base_url),
        "ai_lib.outcome": record.outcome,
        **_of_response(record),
        **_of_error(record),
    }
    if has_usage(record):
        counts = {name: getattr(record.usage, field) for field, name in _USAGE.items()}
        attributes.update({name: count for name, count in counts.items() if count is not None})
    if record.first_chunk is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = record.first_chunk
    if record.cost is not None:
        attributes["ai_lib.cost_usd"] = float(record.cost)
    if record.request_id is not None:
        attributes["ai_lib.request_id"] = record.request_id
    return attributes


def of_metrics(record: CallRecord) -> Attributes:
    """Return what measurements of a call are told apart by."""
    attributes = {**_identity(record.start, record.provider), **_server(record.base_url)}
    if record.response is not None and record.model:
        attributes["gen_ai.response.model"] = record.model
    return attributes


def of_attempt(attempt: Attempt) -> Attributes:
    """Return what an event tells of an attempt that failed."""
    attributes: Attributes = {"error.type": attempt.error, "ai_lib.decision": attempt.decision}
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.provider is not None:
        attributes["gen_ai.provider.name"] = _provider_name(attempt.provider)
    if attempt.model is not None:
        attributes["gen_ai.request.model"] = attempt.model
    attributes["ai_lib.took"] = attempt.took
    attributes["ai_lib.waited"] = attempt.waited
    return attributes


def input_content(start: CallStart) -> Attributes:
    """Return the messages that were sent, as JSON, without keys."""
    messages = input_messages(start)
    return {"gen_ai.input.messages": json.dumps(clean(messages)).decode()} if messages else {}


def output_content(record: CallRecord) -> Attributes:
    """Return the messages that came back, as JSON, without keys."""
    messages = output_messages(record)
    return {"gen_ai.output.messages": json.dumps(clean(messages)).decode()} if messages else {}


def _identity(start: CallStart, provider: str) -> Attributes:
    attributes: Attributes = {
        "gen_ai.operation.name": operation_name(start.operation),
        "gen_ai.provider.name": _provider_name(provider),
    }
    if start.model:
        attributes["gen_ai.request.model"] = start.model
    return attributes


def _provider_name(provider: str) -> str:
    return _PROVIDERS.get(provider, provider)


def _server(base_url: str) -> Attributes:
    parts = urlsplit(base_url)
    if not parts.hostname:
        return {}
    attributes: Attributes = {"server.address": parts.hostname}
    port = parts.port or _PORTS.get(parts.scheme)
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _of_request(request: ChatCompletionRequest) -> Attributes:
    values = {name: getattr(request, name) for name in _REQUEST}
    attributes: Attributes = {f"gen_ai.request.{name}": value for name, value in values.items() if value is not None}
    if request.stop:
        attributes["gen_ai.request.stop_sequences"] = request.stop
    if request.n is not None and request.n != 1:
        attributes["gen_ai.request.choice.count"] = request.n
    if request.response_format is not None:
        attributes["gen_ai.output.type"] = "json"
    return attributes


def _of_response(record: CallRecord) -> Attributes:
    response = record.response
    if response is None:
        return {}
    attributes: Attributes = {}
    if record.model:
        attributes["gen_ai.response.model"] = record.model
    if response.id:
        attributes["gen_ai.response.id"] = response.id
    reasons = [choice.finish_reason or choice.raw_finish_reason for choice in response.choices]
    if any(reasons):
        attributes["gen_ai.response.finish_reasons"] = [reason or "" for reason in reasons]
    return attributes


def _of_error(record: CallRecord) -> Attributes:
    if not is_failure(record):
        return {}
    attributes: Attributes = {"error.type": error_class(record)}
    if record.error is not None and record.error.status is not None:
        attributes["http.response.status_code"] = record.error.status
    return attributes
