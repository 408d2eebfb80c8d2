"""From a reply and a request to the bytes that the API which was called would have sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire import anthropic, gemini, ollama, openai_chat, openai_responses
from ai_lib.testing.wire.format import WireFormat
from ai_lib.utils import json

__all__ = ["DIALECTS", "Rendered", "format_of", "render"]

# By the end of the path.
_CHATS: dict[str, WireFormat] = {
    "/chat/completions": openai_chat.FORMAT,
    "/responses": openai_responses.FORMAT,
    "/messages": anthropic.FORMAT,
    ":rawPredict": anthropic.FORMAT,
    ":streamRawPredict": anthropic.FORMAT,
    ":generateContent": gemini.FORMAT,
    ":streamGenerateContent": gemini.FORMAT,
    "/api/chat": ollama.FORMAT,
}
# The first that ends the path; the last is also Anthropic's, whose requests name a version in a header.
_LISTS: dict[str, WireFormat] = {
    "/api/tags": ollama.FORMAT,
    "/v1beta/models": gemini.FORMAT,
    "/models": openai_chat.FORMAT,
}
_VERSIONED = "anthropic-version"

DIALECTS = frozenset({"openai_chat", "openai_responses", "anthropic", "gemini", "ollama_native"})
"""The library's dialects that a fake speaks."""


@attrs.frozen(kw_only=True)
class Rendered:
    """What to send.

    Args:
        status: The HTTP status.
        headers: The headers, their names in lower case.
        pieces: The content, in the pieces in which it goes out: one for each event of a stream.
        streamed: Whether it is a stream.
        is_cut: Whether the connection is lost after the pieces.
        latency: Seconds before anything is sent.
        pace: Seconds between two pieces.
    """

    status: int
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]
    streamed: bool = False
    is_cut: bool = False
    latency: float = 0.0
    pace: float = 0.0


def render(reply: Reply, request: SentRequest) -> Rendered:
    """Return a reply in the wire format of the API that a request is for.

    Raises:
        UnexpectedRequestError: The address is of no API that a fake speaks, or asks for something else than the reply.
    """
    return _RENDERERS[type(reply)](reply, request)


def format_of(request: SentRequest) -> WireFormat | None:
    """Return the wire format that a request speaks; None where its address tells of none."""
    if request.method == "GET":
        found = next((form for end, form in _LISTS.items() if request.path.endswith(end)), None)
        return anthropic.FORMAT if found is openai_chat.FORMAT and _VERSIONED in request.headers else found
    return next((form for end, form in _CHATS.items() if request.path.endswith(end)), None)


def _answer(reply: Answer, request: SentRequest) -> Rendered:
    form = format_of(request)
    if form is None or request.method == "GET":
        raise _misplaced("an answer of a model", request, _CHATS)
    headers = {"content-type": "application/json", form.request_id: f"req_{request.number}"}
    if form.streams(request):
        pieces = tuple(map(form.frame, form.events(reply, request)))
        headers["content-type"] = form.stream_type
        return _rendered(reply, 200, headers, pieces, streamed=True, is_cut=reply.is_cut, pace=reply.pace)
    pieces = () if reply.is_cut else (json.dumps(form.whole(reply, request)),)
    return _rendered(reply, 200, headers, pieces, is_cut=reply.is_cut)


def _failure(reply: Failure, request: SentRequest) -> Rendered:
    form = format_of(request) or openai_chat.FORMAT
    headers = {"content-type": "application/json", form.request_id: f"req_{request.number}"}
    if reply.retry_after is not None:
        headers["retry-after"] = f"{reply.retry_after:g}"
    return _rendered(reply, reply.status, headers, (json.dumps(form.failure(reply)),))


def _raw(reply: Raw, _: SentRequest) -> Rendered:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    return _rendered(reply, reply.status, headers, (reply.body,) if reply.body else ())


def _model_list(reply: ModelList, request: SentRequest) -> Rendered:
    form = format_of(request)
    if form is None or request.method != "GET":
        raise _misplaced("a list of models", request, _LISTS)
    return _rendered(reply, 200, {"content-type": "application/json"}, (json.dumps(form.models(reply.ids)),))


def _rendered(reply: Reply, status: int, headers: Mapping[str, str], pieces: tuple[bytes, ...], **how: Any) -> Rendered:
    return Rendered(status=status, headers=headers, pieces=pieces, latency=reply.latency, **how)


def _misplaced(what: str, request: SentRequest, known: Mapping[str, object]) -> UnexpectedRequestError:
    return UnexpectedRequestError(
        f"the script has {what} for {request.method} {request.url}, which asks for something else; "
        f"a fake gives one to addresses that end in {', '.join(known)}, and raw(...) to any"
    )


_RENDERERS: dict[type, Callable[[Any, SentRequest], Rendered]] = {
    Answer: _answer,
    Failure: _failure,
    Raw: _raw,
    ModelList: _model_list,
}
