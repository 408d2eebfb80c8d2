"""Attributes of a call by OpenTelemetry's semantic conventions for generative AI.

They are in development. Names are those of `open-telemetry/semantic-conventions-genai` in 2026; what has no name there
starts with `ai_lib`.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and gen-ai-metrics/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ai_lib.api.metrics import CallRecord, CallStart, Operation
from ai_lib.metrics.content import sanitize
from ai_lib.metrics.record import error_class, has_usage, is_failure
from ai_lib.types.trace import Attempt
from ai_lib.utils import json

__all__ = [
    "Attributes", "attempt_attributes", "content_attributes", "end_attributes", "metric_attributes", "operation_name",
    "start_attributes",
]  # fmt: skip

Attributes: TypeAlias = dict[str, str | bool | int | float | Sequence[str]]
"""The attributes of a span, an event or a measurement."""

# Operations and providers without an entry keep the name that they have here.
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


def start_attributes(start: CallStart) -> Attributes:
    """Return the attributes that are known before a call is sent."""
    values = {
        **_identity(start, start.provider),
        **_server(start.base_url),
        "gen_ai.request.stream": start.operation == "stream" or None,
        "ai_lib.call.id": start.id,
        "ai_lib.tags": start.tags or None,
    }
    request = start.request
    if request is not None:
        values |= {f"gen_ai.request.{name}": getattr(request, name) for name in _REQUEST}
        values["gen_ai.request.stop_sequences"] = request.stop or None
        values["gen_ai.request.choice.count"] = None if request.n == 1 else request.n
        values["gen_ai.output.type"] = None if request.response_format is None else "json"
    return {name: value for name, value in values.items() if value is not None}


def end_attributes(record: CallRecord) -> Attributes:
    """Return the attributes that are known when a call has ended."""
    values = {
        "gen_ai.provider.name": _PROVIDERS.get(record.provider, record.provider),
        **_server(record.base_url),
        "ai_lib.outcome": record.outcome,
        "gen_ai.response.time_to_first_chunk": record.first_chunk,
        "ai_lib.cost_usd": None if record.cost is None else float(record.cost),
        "ai_lib.request_id": record.request_id,
    }
    if record.response is not None:
        reasons = [choice.finish_reason or choice.raw_finish_reason for choice in record.response.choices]
        values |= {
            "gen_ai.response.model": record.model or None,
            "gen_ai.response.id": record.response.id or None,
            "gen_ai.response.finish_reasons": [reason or "" for reason in reasons] if any(reasons) else None,
        }
    if is_failure(record):
        values["error.type"] = error_class(record)
        values["http.response.status_code"] = None if record.error is None else record.error.status
    if has_usage(record):
        values |= {name: getattr(record.usage, field) for field, name in _USAGE.items()}
    return {name: value for name, value in values.items() if value is not None}


def metric_attributes(record: CallRecord) -> Attributes:
    """Return the attributes of the measurements of a call."""
    attributes = {**_identity(record.start, record.provider), **_server(record.base_url)}
    if record.response is not None and record.model:
        attributes["gen_ai.response.model"] = record.model
    return attributes


def attempt_attributes(attempt: Attempt) -> Attributes:
    """Return the attributes of a failed attempt."""
    values = {
        "error.type": attempt.error,
        "ai_lib.decision": attempt.decision,
        "http.response.status_code": attempt.status,
        "gen_ai.provider.name": attempt.provider and _PROVIDERS.get(attempt.provider, attempt.provider),
        "gen_ai.request.model": attempt.model,
        "ai_lib.took": attempt.took,
        "ai_lib.waited": attempt.waited,
    }
    return {name: value for name, value in values.items() if value is not None}


def content_attributes(direction: str, messages: list[dict[str, Any]]) -> Attributes:
    """Return the messages of the "input" or the "output", as JSON, without keys."""
    return {f"gen_ai.{direction}.messages": json.dumps(sanitize(messages)).decode()} if messages else {}


def _identity(start: CallStart, provider: str) -> Attributes:
    attributes: Attributes = {
        "gen_ai.operation.name": operation_name(start.operation),
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
    }
    if start.model:
        attributes["gen_ai.request.model"] = start.model
    return attributes


def _server(base_url: str) -> Attributes:
    url = urlsplit(base_url)
    if not url.hostname:
        return {}
    port = url.port or _PORTS.get(url.scheme)
    attributes: Attributes = {"server.address": url.hostname}
    return attributes if port is None else {**attributes, "server.port": port}
