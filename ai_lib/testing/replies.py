"""The replies of a fake provider, independent of any wire format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from ai_lib.types.response import FinishReason
from ai_lib.types.usage import Usage
from ai_lib.utils import json

__all__ = [
    "USAGE",
    "Answer",
    "CalledTool",
    "Failure",
    "ModelList",
    "Raw",
    "Reply",
    "cut",
    "error",
    "models",
    "raw",
    "text",
    "tool_call",
]

USAGE = Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
"""The usage of an answer, unless the test sets one."""


@attrs.frozen
class CalledTool:
    """A tool that the fake model calls.

    Args:
        name: The tool's name.
        arguments: The arguments, or a string to send instead, such as one that is not JSON.
        id: The call's id; None for one that is unique in the script.
    """

    name: str
    arguments: Mapping[str, Any] | str
    id: str | None = None

    @property
    def arguments_json(self) -> str:
        """The arguments as JSON, for wire formats that send them as a string."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments).decode()

    @property
    def arguments_object(self) -> Any:
        """The arguments as an object, for wire formats that send one; a string that is not JSON stays a string."""
        if not isinstance(self.arguments, str):
            return dict(self.arguments)
        try:
            return json.loads(self.arguments)
        except ValueError:
            return self.arguments


@attrs.frozen(kw_only=True)
class Answer:
    """An answer of the model. `a + b` is one answer with the text and the calls of both.

    Args:
        chunks: The text, in the pieces that a stream sends.
        calls: The tools that it calls.
        usage: The tokens to report; None to report none.
        finish_reason: Why the model stopped.
        is_cut: Whether the connection is lost before the end.
        latency: Seconds before the answer starts.
        pace: Seconds between two events of a stream.
    """

    chunks: tuple[str, ...] = ()
    calls: tuple[CalledTool, ...] = ()
    usage: Usage | None = USAGE
    finish_reason: FinishReason = "stop"
    is_cut: bool = False
    latency: float = 0.0
    pace: float = 0.0

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.chunks)

    def __add__(self, other: Answer) -> Answer:
        if not isinstance(other, Answer):
            return NotImplemented
        return Answer(
            chunks=self.chunks + other.chunks,
            calls=self.calls + other.calls,
            usage=self.usage if other.usage == USAGE else other.usage,
            finish_reason=self.finish_reason if other.finish_reason == "stop" else other.finish_reason,
            is_cut=self.is_cut or other.is_cut,
            latency=self.latency + other.latency,
            pace=max(self.pace, other.pace),
        )


@attrs.frozen(kw_only=True)
class Failure:
    """An error of the provider, in the wire format of the called API.

    Args:
        status: The HTTP status.
        message: The provider's message.
        code: The provider's error code; None for the usual one of the status. Formats without codes omit it.
        retry_after: The seconds in the header `retry-after`; None for no such header.
        latency: Seconds before it is sent.
    """

    status: int
    message: str = "a scripted error"
    code: str | None = None
    retry_after: float | None = None
    latency: float = 0.0


@attrs.frozen(kw_only=True)
class Raw:
    """A response that is sent as it is, to any request.

    Args:
        status: The HTTP status.
        headers: The headers.
        body: The content.
        latency: Seconds before it is sent.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency: float = 0.0


@attrs.frozen(kw_only=True)
class ModelList:
    """A provider's list of models.

    Args:
        ids: The models' names.
        latency: Seconds before it is sent.
    """

    ids: tuple[str, ...]
    latency: float = 0.0


Reply: TypeAlias = Answer | Failure | Raw | ModelList
"""Every reply that a fake can give."""


def text(
    content: str,
    *,
    usage: Usage | None = USAGE,
    chunks: Iterable[str] | None = None,
    finish_reason: FinishReason = "stop",
    latency: float = 0.0,
    pace: float = 0.0,
) -> Answer:
    """Answer with text.

    Args:
        content: The text.
        usage: The tokens to report; None to report none.
        chunks: The pieces that a stream sends; None for one piece per word.
        finish_reason: Why the model stopped.
        latency: Seconds before the answer starts.
        pace: Seconds between two events of a stream.

    Raises:
        ValueError: The chunks do not join to the text.
    """
    pieces = tuple(re.findall(r"\s*\S+|\s+$", content) if chunks is None else chunks)
    if "".join(pieces) != content:
        raise ValueError(f"chunks must join to {content!r}, got {''.join(pieces)!r}")
    return Answer(chunks=pieces, usage=usage, finish_reason=finish_reason, latency=latency, pace=pace)


def tool_call(
    name: str,
    arguments: Mapping[str, Any] | str = "{}",
    *,
    id: str | None = None,  # noqa: A002 - the field's own word
    usage: Usage | None = USAGE,
    latency: float = 0.0,
) -> Answer:
    """Answer with a tool call.

    Add answers for several calls, or for text and calls: `text("Let me see.") + tool_call("a") + tool_call("b")`.

    Args:
        name: The tool's name.
        arguments: The arguments, or a string to send instead.
        id: The call's id; None for one that is unique in the script.
        usage: The tokens to report; None to report none.
        latency: Seconds before the answer starts.
    """
    call = CalledTool(name, arguments, id)
    return Answer(calls=(call,), usage=usage, finish_reason="tool_calls", latency=latency)


def error(
    status: int,
    *,
    retry_after: float | None = None,
    code: str | None = None,
    message: str = "a scripted error",
    latency: float = 0.0,
) -> Failure:
    """Answer with an error, in the wire format of the called API.

    Args:
        status: The HTTP status, 400 to 599.
        retry_after: The seconds in the header `retry-after`; None for no such header.
        code: The provider's error code; None for the usual one of the status.
        message: The provider's message.
        latency: Seconds before it is sent.

    Raises:
        ValueError: The status is not 400 to 599.
    """
    if not 400 <= status <= 599:
        raise ValueError(f"the status of an error must be 400 to 599, got {status}")
    return Failure(status=status, message=message, code=code, retry_after=retry_after, latency=latency)


def cut(after: str = "", *, chunks: Iterable[str] | None = None, latency: float = 0.0) -> Answer:
    """Lose the connection: a stream after some text, a complete response before its first byte.

    Args:
        after: The text that a stream sends before that.
        chunks: The pieces of the text; None for one piece per word.
        latency: Seconds before the answer starts.

    Raises:
        ValueError: The chunks do not join to the text.
    """
    return attrs.evolve(text(after, chunks=chunks, latency=latency), is_cut=True)


def raw(status: int = 200, headers: Mapping[str, str] | None = None, body: Any = b"", *, latency: float = 0.0) -> Raw:
    """Answer with a response as it is, in no particular wire format.

    Args:
        status: The HTTP status.
        headers: The headers; None for a content type that fits the body.
        body: Bytes, a string, or a value to send as JSON.
        latency: Seconds before it is sent.
    """
    if isinstance(body, bytes):
        content, content_type = body, "application/octet-stream"
    elif isinstance(body, str):
        content, content_type = body.encode(), "text/plain"
    else:
        content, content_type = json.dumps(body), "application/json"
    headers = {"content-type": content_type} if headers is None else headers
    return Raw(status=status, headers=headers, body=content, latency=latency)


def models(*ids: str, latency: float = 0.0) -> ModelList:
    """Answer a request for the list of models.

    Args:
        ids: The models' names.
        latency: Seconds before it is sent.
    """
    return ModelList(ids=ids, latency=latency)
