"""From a reply and a request to the response that the called API would have sent."""

from __future__ import annotations

import attrs

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.formats import anthropic, gemini, ollama, openai_chat, openai_responses
from ai_lib.testing.formats.wire_format import WireFormat
from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply
from ai_lib.testing.request import SentRequest
from ai_lib.testing.response import FakeResponse
from ai_lib.utils import json

__all__ = ["DIALECTS", "render"]

DIALECTS = frozenset({"openai_chat", "openai_responses", "anthropic", "gemini", "ollama_native"})
"""The library's dialects that the test kit speaks."""

# Formats by the end of the path.
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
# In this order: Gemini's path ends in the general one as well.
_MODEL_LISTS: dict[str, WireFormat] = {
    "/api/tags": ollama.FORMAT,
    "/v1beta/models": gemini.FORMAT,
    "/models": openai_chat.FORMAT,
}


def render(reply: Reply, request: SentRequest) -> FakeResponse:
    """Return a reply in the wire format of the API that the request is for.

    Raises:
        UnexpectedRequestError: The address belongs to no API that the test kit speaks, or does not fit the reply.
    """
    if isinstance(reply, Raw):
        headers = {name.lower(): value for name, value in reply.headers.items()}
        pieces = (reply.body,) if reply.body else ()
        return FakeResponse(status=reply.status, headers=headers, pieces=pieces, latency=reply.latency)
    paths = _MODEL_LISTS if request.method == "GET" else _CHATS
    form = next((paths[end] for end in paths if request.path.endswith(end)), None)
    if request.method == "GET" and form is openai_chat.FORMAT and "anthropic-version" in request.headers:
        form = anthropic.FORMAT  # it has the same path for its list of models
    if isinstance(reply, Failure):
        form = form or openai_chat.FORMAT
    elif form is None or (request.method == "GET") is not isinstance(reply, ModelList):
        kind, known = ("a list of models", _MODEL_LISTS) if isinstance(reply, ModelList) else ("an answer", _CHATS)
        raise UnexpectedRequestError(
            f"the script has {kind} for {request.method} {request.url}, which needs another kind of reply; "
            f"send {kind} to addresses that end in {', '.join(known)}, or use raw(...), which fits any address"
        )
    headers = {"content-type": "application/json", form.request_id_header: f"req_{request.number}"}
    if isinstance(reply, Answer):
        return _render_answer(reply, request, form, headers)
    if isinstance(reply, ModelList):
        status, body = 200, form.encode_models(reply.ids)
    else:
        status, body = reply.status, form.encode_error(reply)
        if reply.retry_after is not None:
            headers["retry-after"] = f"{reply.retry_after:g}"
    return FakeResponse(status=status, headers=headers, pieces=(json.dumps(body),), latency=reply.latency)


def _render_answer(reply: Answer, request: SentRequest, form: WireFormat, headers: dict[str, str]) -> FakeResponse:
    # An id of its own for every call in a script, unless the test chose one.
    calls = [
        attrs.evolve(call, id=f"call_{request.number}_{number}" if call.id is None else call.id)
        for number, call in enumerate(reply.calls, 1)
    ]
    answer = attrs.evolve(reply, calls=tuple(calls))
    streamed = form.wants_stream(request)
    pieces: tuple[bytes, ...] = ()
    if streamed:
        headers["content-type"] = form.stream_type
        if answer.chunks or answer.calls or not answer.is_cut:
            pieces = tuple(map(form.frame, form.encode_events(answer, request)))
    elif not answer.is_cut:
        pieces = (json.dumps(form.encode_answer(answer, request)),)
    return FakeResponse(
        status=200,
        headers=headers,
        pieces=pieces,
        streamed=streamed,
        is_cut=answer.is_cut,
        latency=answer.latency,
        pace=answer.pace if streamed else 0.0,
    )
