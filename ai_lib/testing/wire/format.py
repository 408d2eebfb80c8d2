"""What a wire format consists of, and the three ways to frame a stream's events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.replies import Answer, CalledTool, Failure
from ai_lib.testing.sent import SentRequest
from ai_lib.utils import json

__all__ = ["CREATED", "WireFormat", "by_flag", "call_id", "halves", "model_of", "named_sse", "ndjson", "present", "sse"]

CREATED = 1_767_225_600
"""When every fake answer was made: the first of January 2026."""


@attrs.frozen(kw_only=True)
class WireFormat:
    """How one API speaks.

    Args:
        whole: Returns a whole answer.
        events: Yields the events of a stream; those of an answer that is cut end where it breaks off.
        frame: Returns the bytes of one event.
        failure: Returns an error.
        models: Returns a list of models.
        streams: Whether a request asks for a stream.
        stream_type: The content type of a stream.
        request_id: The header that names the request.
    """

    whole: Callable[[Answer, SentRequest], Any]
    events: Callable[[Answer, SentRequest], Iterable[Any]]
    frame: Callable[[Any], bytes]
    failure: Callable[[Failure], Any]
    models: Callable[[tuple[str, ...]], Any]
    streams: Callable[[SentRequest], bool]
    stream_type: str = "text/event-stream"
    request_id: str = "x-request-id"


def sse(event: Any) -> bytes:
    """Return a server-sent event; a text, such as [DONE], goes as it is."""
    return b"data: %s\n\n" % (event.encode() if isinstance(event, str) else json.dumps(event))


def named_sse(event: Mapping[str, Any]) -> bytes:
    """Return a server-sent event that says its type twice: before the data and in it."""
    return b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), json.dumps(event))


def ndjson(event: Any) -> bytes:
    """Return a line of JSON."""
    return json.dumps(event) + b"\n"


def by_flag(request: SentRequest) -> bool:
    """Return whether the body says `stream: true`."""
    return bool(_field(request, "stream"))


def model_of(request: SentRequest) -> str:
    """Return the model that the body names."""
    return str(_field(request, "model") or "test-model")


def _field(request: SentRequest, name: str) -> Any:
    try:
        body = request.json
    except ValueError as exc:
        raise UnexpectedRequestError(f"request {request.number} is no JSON: {exc}") from exc
    return body.get(name) if isinstance(body, Mapping) else None


def call_id(call: CalledTool, request: SentRequest, place: int) -> str:
    """Return a call's id: its own, or one that occurs once in a script."""
    return f"call_{request.number}_{place + 1}" if call.id is None else call.id


def halves(text: str) -> tuple[str, str]:
    """Return a text in two pieces, since providers send arguments in pieces and clients must put them together."""
    return text[: len(text) // 2], text[len(text) // 2 :]


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
