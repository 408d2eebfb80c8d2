"""Attributes of a call by OpenTelemetry's semantic conventions for generative AI.

They are in development. Names are those of `open-telemetry/semantic-conventions-genai` in 2026; what has no name there
starts with `ai_lib`.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and gen-ai-metrics/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from ai_lib.api.metrics import CallRecord, CallStart, Operation
from ai_lib.metrics.content import input_messages, output_messages, sanitize
from ai_lib.metrics.record import error_class, has_usage, is_failure
from ai_lib.types.trace import Attempt
from ai_lib.utils import json

__all__ = [
    "Attributes",
    "attempt_attributes",
    "end_attributes",
    "input_attributes",
    "metric_attributes",
    "operation_name",
    "output_attributes",
    "start_attributes",
]

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
    attributes = {**_identity(start, start.provider), **_server(start.base_url)}
    if start.operation == "stream":
        attributes["gen_ai.request.stream"] = True
    request = start.request
    if request is not None:
        values = {name: getattr(request, name) for name in _REQUEST}
        attributes |= {f"gen_ai.request.{name}": value for name, value in values.items() if value is not None}
        if request.stop:
            attributes["gen_ai.request.stop_sequences"] = request.stop
        if request.n is not None and request.n != 1:
            attributes["gen_ai.request.choice.count"] = request.n
        if request.response_format is not None:
            attributes["gen_ai.output.type"] = "json"
    attributes["ai_lib.call.id"] = start.id
    if start.tags:
        attributes["ai_lib.tags"] = start.tags
    return attributes


def end_attributes(record: CallRecord) -> Attributes:
    """Return the attributes that are known when a call has ended."""
    attributes: Attributes = {
        "gen_ai.provider.name": _PROVIDERS.get(record.provider, record.provider),
        **_server(record.base_url),
        "ai_lib.outcome": record.outcome,
    }
    response = record.response
    if response is not None:
        reasons = [choice.finish_reason or choice.raw_finish_reason for choice in response.choices]
        if record.model:
            attributes["gen_ai.response.model"] = record.model
        if response.id:
            attributes["gen_ai.response.id"] = response.id
        if any(reasons):
            attributes["gen_ai.response.finish_reasons"] = [reason or "" for reason in reasons]
    if is_failure(record):
        attributes["error.type"] = error_class(record)
        if record.error is not None and record.error.status is not None:
            attributes["http.response.status_code"] = record.error.status
    values = {
        "gen_ai.response.time_to_first_chunk": record.first_chunk,
        "ai_lib.cost_usd": None if record.cost is None else float(record.cost),
        "ai_lib.request_id": record.request_id,
    }
    if has_usage(record):
        values |= {name: getattr(record.usage, field) for field, name in _USAGE.items()}
    return attributes | {name: value for name, value in values.items() if value is not None}


def metric_attributes(record: CallRecord) -> Attributes:
    """Return the attributes of the measurements of a call."""
    attributes = {**_identity(record.start, record.provider), **_server(record.base_url)}
    if record.response is not None and record.model:
        attributes["gen_ai.response.model"] = record.model
    return attributes


def attempt_attributes(attempt: Attempt) -> Attributes:
    """Return the attributes of a failed attempt."""
    attributes: Attributes = {"error.type": attempt.error, "ai_lib.decision": attempt.decision}
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.provider is not None:
        attributes["gen_ai.provider.name"] = _PROVIDERS.get(attempt.provider, attempt.provider)
    if attempt.model is not None:
        attributes["gen_ai.request.model"] = attempt.model
    attributes["ai_lib.took"] = attempt.took
    attributes["ai_lib.waited"] = attempt.waited
    return attributes


def input_attributes(start: CallStart) -> Attributes:
    """Return the messages that were sent, as JSON, without keys."""
    messages = input_messages(start)
    return {"gen_ai.input.messages": json.dumps(sanitize(messages)).decode()} if messages else {}


def output_attributes(record: CallRecord) -> Attributes:
    """Return the messages of the response, as JSON, without keys."""
    messages = output_messages(record)
    return {"gen_ai.output.messages": json.dumps(sanitize(messages)).decode()} if messages else {}


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
