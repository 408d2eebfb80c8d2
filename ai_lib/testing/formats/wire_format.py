"""What every wire format of the test kit consists of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.request import SentRequest
from ai_lib.utils import json

__all__ = ["CREATED", "WireFormat", "body_field", "halves", "model_of", "present"]

CREATED = 1_767_225_600
"""Creation time of every fake response, in seconds since 1970: 1 January 2026."""


class WireFormat(ABC):
    """How one API writes its responses.

    Attributes:
        stream_type: The content type of a stream.
        request_id_header: The response header that holds the request's id.
        named_events: Whether a server-sent event repeats its type in an `event:` line.
    """

    stream_type: ClassVar[str] = "text/event-stream"
    request_id_header: ClassVar[str] = "x-request-id"
    named_events: ClassVar[bool] = False

    @abstractmethod
    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        """Return the body of a complete response."""

    @abstractmethod
    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[Any]:
        """Yield the events of a stream; those of an answer that is cut stop where it breaks off."""

    @abstractmethod
    def encode_error(self, failure: Failure) -> dict[str, Any]:
        """Return the body of an error."""

    @abstractmethod
    def encode_models(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """Return the body of a list of models."""

    def frame(self, event: Any) -> bytes:
        """Return the bytes of one event of a stream; a string such as [DONE] is sent as it is."""
        name = b"event: %s\n" % event["type"].encode() if self.named_events else b""
        return b"%sdata: %s\n\n" % (name, event.encode() if isinstance(event, str) else json.dumps(event))

    def wants_stream(self, request: SentRequest) -> bool:
        """Return whether a request asks for a stream."""
        return bool(body_field(request, "stream"))


def body_field(request: SentRequest, name: str) -> Any:
    """Return a top-level field of a request's body, or None.

    Raises:
        UnexpectedRequestError: The body is not JSON.
    """
    try:
        body = request.json
    except ValueError as exc:
        raise UnexpectedRequestError(f"the body of request {request.number} is not JSON: {exc}") from exc
    return body.get(name) if isinstance(body, Mapping) else None


def model_of(request: SentRequest) -> str:
    """Return the model that a request's body names."""
    return str(body_field(request, "model") or "test-model")


def halves(text: str) -> tuple[str, str]:
    """Split a string in two, since providers send arguments in pieces and clients must join them."""
    return text[: len(text) // 2], text[len(text) // 2 :]


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
