"""The recorded cases in `tests/wire`, and how they are replayed.

A case is a folder with the bytes of `response.json`, `response.sse`, `.ndjson`, `.eventstream`, or `error.json` {status,
headers, body}, and `expected.json`: the provider (and its api) to replay it with, and what a correct client reads. Fields
that are not in it are not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from ai_lib.errors import AiLibError
from ai_lib.exchange import FRAMINGS
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import get_config, load_dialect
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.fold import Fold
from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse

__all__ = [
    "BASE_URL",
    "DIALECTS",
    "KEY",
    "Case",
    "adapter_for",
    "adapter_with",
    "as_params",
    "body_of",
    "cases_of",
    "encode_request",
    "error_reading",
    "fold",
    "reading",
    "replay",
    "replay_events",
    "requests_of",
    "same_fields",
]

KEY = "canary-key-123"
BASE_URL = "http://x.invalid/v1"
_WIRE = Path(__file__).parents[1] / "wire"
_KINDS = {
    "response.json": "whole",
    "response.sse": "stream",
    "response.ndjson": "stream",
    "response.eventstream": "stream",
    "error.json": "error",
}
DIALECTS = sorted(folder.name for folder in _WIRE.iterdir() if folder.is_dir() and folder.name != "requests")
# Providers that do not exist: they show the plain dialect, or one switch of it.
_FICTIONAL = {
    "wire": ProviderConfig("wire", base_url=BASE_URL, key_env="WIRE_API_KEY"),
    "wire_think_tags": ProviderConfig("wire_think_tags", base_url=BASE_URL, quirks={"think_tags": True}),
    "wire_details": ProviderConfig("wire_details", base_url=BASE_URL, quirks={"echo": ["reasoning_details"]}),
}


@attrs.frozen
class Case:
    """One recorded answer."""

    dialect: str
    name: str
    kind: str
    body: bytes = attrs.field(repr=False)
    expected: dict[str, Any] = attrs.field(repr=False)

    @property
    def adapter(self) -> ProviderAdapter:
        return adapter_for(self.expected["provider"], self.expected.get("api"))

    def events(self, pieces: Iterable[bytes]) -> Iterator[str]:
        """Return the data of the events in a body, which has this case's framing."""
        return FRAMINGS[self.adapter.dialect.framing](pieces)

    @property
    def http(self) -> HttpResponse:
        """The case as a whole HTTP response."""
        if self.kind != "error":
            return HttpResponse(status=200, headers={"content-type": "application/json"}, body=self.body)
        recorded = json.loads(self.body)
        body = recorded["body"]
        content = body if isinstance(body, str) else json.dumps(body)
        return HttpResponse(status=recorded["status"], headers=recorded["headers"], body=content.encode())


@cache
def _all_cases(dialect: str | None) -> tuple[Case, ...]:
    folders = [_WIRE / name for name in ([dialect] if dialect else DIALECTS)]
    return tuple(_case(case) for folder in folders for case in sorted(folder.iterdir()))


def _case(folder: Path) -> Case:
    (recorded,) = (path for path in folder.iterdir() if path.name != "expected.json")
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    return Case(folder.parent.name, folder.name, _KINDS[recorded.name], recorded.read_bytes(), expected)


def cases_of(dialect: str | None, *kinds: str) -> tuple[Case, ...]:
    """Return the cases of a dialect, or of all; the kinds are "whole", "stream" and "error"."""
    return tuple(case for case in _all_cases(dialect) if case.kind in kinds)


def as_params(cases: Iterable[Case]) -> list[Any]:
    """Return the cases for `pytest.mark.parametrize`, each under its folder's name."""
    return [pytest.param(case, id=f"{case.dialect}-{case.name}") for case in cases]


@cache
def requests_of(name: str) -> dict[str, Any]:
    """Return the recorded requests of another client, by scenario."""
    recorded: dict[str, Any] = json.loads((_WIRE / "requests" / f"{name}.json").read_text("utf-8"))
    return recorded


@cache
def adapter_for(provider: str, api: str | None = None) -> ProviderAdapter:
    """Return the adapter of a provider, for its default API or another one."""
    config = _FICTIONAL.get(provider) or get_config(provider)
    if api is not None:
        config = config.with_api(api)
    return ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url=BASE_URL, api_key=KEY)


def adapter_with(dialect: str = "openai_chat", /, **quirks: Any) -> ProviderAdapter:
    """Return an adapter of no real provider, which speaks a dialect with these switches."""
    config = ProviderConfig("wire", base_url=BASE_URL, dialect=dialect, quirks=quirks)
    return ProviderAdapter(config=config, dialect=load_dialect(dialect), base_url=BASE_URL)


def encode_request(
    adapter: ProviderAdapter, on_unsupported: OnUnsupported = "raise", *, stream: bool = False, **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the body of a request, and the names of the fields that were left out of it."""
    request = ChatCompletionRequest(**{"model": "m", "messages": "hi", **fields})
    sent, left_out = adapter.chat_request(request, stream=stream, on_unsupported=on_unsupported)
    return json.loads(sent.body or b""), [reason.partition(":")[0] for reason in left_out]


def body_of(adapter: ProviderAdapter, messages: Any = "hi", *, stream: bool = False, **fields: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return encode_request(adapter, stream=stream, messages=messages, **fields)[0]


def replay(adapter: ProviderAdapter, pieces: Iterable[bytes]) -> tuple[list[ChatCompletionChunk], AiLibError | None]:
    """Return the chunks of a stream from its bytes, and the error that ended it."""
    return replay_events(adapter, FRAMINGS[adapter.dialect.framing](pieces))


def replay_events(
    adapter: ProviderAdapter, events: Iterable[str]
) -> tuple[list[ChatCompletionChunk], AiLibError | None]:
    """Return the chunks of a stream from its events, and the error that ended it."""
    chunks = []
    folded = Fold()
    try:
        for chunk in adapter.decode_stream(events):
            chunks.append(chunk)
            folded.add(chunk)
        folded.check()
    except AiLibError as error:
        return chunks, error
    return chunks, None


def fold(chunks: Iterable[ChatCompletionChunk]) -> ChatCompletionResponse:
    """Return chunks folded into a response."""
    folded = Fold()
    for chunk in chunks:
        folded.add(chunk)
    return folded.response(ended=True)


def same_fields(found: Any, expected: Any) -> Any:
    """Return `found` without the fields that `expected` does not have."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return {key: same_fields(found.get(key), value) for key, value in expected.items()}
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [same_fields(item, other) for item, other in zip(found, expected, strict=True)]
    return found


def reading(response: ChatCompletionResponse) -> dict[str, Any]:
    """Return the facts of a response, in the form of `expected.json`."""
    usage = {name: value for name, value in attrs.asdict(response.usage).items() if value is not None}
    if "cost" in usage:
        usage["cost"] = str(usage["cost"])
    return {
        "id": response.id,
        "model": response.model,
        "usage": usage if response.usage_status == "finalized" else None,
        **_choice(response.choices[0]),
        "choices": [_choice(choice) for choice in response.choices],
    }


def _choice(choice: Choice) -> dict[str, Any]:
    message = choice.message
    cited = [{"url": item.url, "title": item.title, "cited_text": item.cited_text} for item in message.citations]
    logprobs = choice.logprobs
    return {
        "index": choice.index,
        "text": message.text,
        "reasoning": message.reasoning,
        "refusal": message.refusal,
        "tool_calls": [_call(call) for call in message.tool_calls],
        "finish_reason": choice.finish_reason,
        "raw_finish_reason": choice.raw_finish_reason,
        "citations": {"count": len(cited), "first": {k: v for k, v in cited[0].items() if v} if cited else {}},
        "logprobs": None
        if logprobs is None
        else {key: len(value) for key, value in logprobs.items() if isinstance(value, list)},
        "provider_data": message.provider_data,
    }


def _call(call: ToolCall) -> dict[str, Any]:
    own = {"id": call.id, "name": call.name, "provider_data": call.provider_data}
    try:
        return {**own, "arguments": call.arguments}
    except AiLibError:
        return {**own, "arguments_json": call.arguments_json}


def error_reading(error: AiLibError | None) -> dict[str, Any] | None:
    """Return the facts of an error, in the form of `expected.json`."""
    if error is None:
        return None
    facts = ("status", "code", "message", "request_id", "retry_after", "provider", "retryable")
    return {"class": type(error).__name__, **{fact: getattr(error, fact) for fact in facts}}
