"""What a fake provider answers, said once and independent of any wire format."""

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
"""The tokens of an answer for which a test names none."""


@attrs.frozen
class CalledTool:
    """A tool that the fake model calls.

    Args:
        name: The tool's name.
        arguments: The arguments, or a text in their place, to see what happens to arguments that are no JSON.
        id: The call's id; None for one that occurs once in a script.
    """

    name: str
    arguments: Mapping[str, Any] | str
    id: str | None = None

    @property
    def arguments_json(self) -> str:
        """The arguments as JSON text, for wire formats that carry text."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments).decode()

    @property
    def arguments_object(self) -> Any:
        """The arguments as an object, for wire formats that carry one; a text that is no JSON stays text."""
        if not isinstance(self.arguments, str):
            return dict(self.arguments)
        try:
            return json.loads(self.arguments)
        except ValueError:
            return self.arguments


@attrs.frozen(kw_only=True)
class Answer:
    """An answer of the model. `a + b` is one answer that says and calls what both do.

    Args:
        chunks: The text, in the pieces in which a stream brings it.
        calls: The tools that it calls.
        usage: The tokens to report; None for an API that reports none.
        finish_reason: Why it ended.
        is_cut: Whether the connection is lost before its end.
        latency: Seconds before the answer begins.
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
    """An error of the provider, in the form that its API gives to errors.

    Args:
        status: The HTTP status.
        message: What the provider says.
        code: Its code; None for the one that goes with the status. Formats without a place for codes leave it out.
        retry_after: Seconds that its header `retry-after` asks to wait; None for no such header.
        latency: Seconds before it comes.
    """

    status: int
    message: str = "a scripted error"
    code: str | None = None
    retry_after: float | None = None
    latency: float = 0.0


@attrs.frozen(kw_only=True)
class Raw:
    """A response that is sent as it stands, whatever was asked.

    Args:
        status: The HTTP status.
        headers: The headers.
        body: The content.
        latency: Seconds before it comes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency: float = 0.0


@attrs.frozen(kw_only=True)
class ModelList:
    """The list of models that a provider has.

    Args:
        ids: Their names.
        latency: Seconds before it comes.
    """

    ids: tuple[str, ...]
    latency: float = 0.0


Reply: TypeAlias = Answer | Failure | Raw | ModelList
"""All that a fake can answer."""


def text(
    said: str,
    *,
    usage: Usage | None = USAGE,
    chunks: Iterable[str] | None = None,
    finish_reason: FinishReason = "stop",
    latency: float = 0.0,
    pace: float = 0.0,
) -> Answer:
    """Answer with a text.

    Args:
        said: The text.
        usage: The tokens to report; None for an API that reports none.
        chunks: The pieces in which a stream brings it; None for one a word.
        finish_reason: Why it ended.
        latency: Seconds before the answer begins.
        pace: Seconds between two events of a stream.

    Raises:
        ValueError: The chunks do not add up to the text.
    """
    pieces = tuple(re.findall(r"\s*\S+|\s+$", said) if chunks is None else chunks)
    if "".join(pieces) != said:
        raise ValueError(f"the chunks must add up to the text {said!r}, got {''.join(pieces)!r}")
    return Answer(chunks=pieces, usage=usage, finish_reason=finish_reason, latency=latency, pace=pace)


def tool_call(
    name: str,
    arguments: Mapping[str, Any] | str = "{}",
    *,
    id: str | None = None,  # noqa: A002 - the field's own word
    usage: Usage | None = USAGE,
    latency: float = 0.0,
) -> Answer:
    """Answer with the call of a tool.

    Add answers up to call several, or to speak as well: `text("Let me see.") + tool_call("a") + tool_call("b")`.

    Args:
        name: The tool's name.
        arguments: The arguments, or a text in their place.
        id: The call's id; None for one that occurs once in a script.
        usage: The tokens to report; None for an API that reports none.
        latency: Seconds before the answer begins.
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
    """Answer with an error, in the form that the API which was called gives to errors.

    Args:
        status: The HTTP status.
        retry_after: Seconds that the header `retry-after` asks to wait; None for no such header.
        code: The provider's code; None for the one that goes with the status.
        message: What the provider says.
        latency: Seconds before it comes.

    Raises:
        ValueError: The status is not one of an error.
    """
    if not 400 <= status <= 599:
        raise ValueError(f"the status of an error is from 400 to 599, got {status}")
    return Failure(status=status, message=message, code=code, retry_after=retry_after, latency=latency)


def cut(after: str = "", *, chunks: Iterable[str] | None = None, latency: float = 0.0) -> Answer:
    """Break off: a stream ends after some text, of a whole answer nothing arrives.

    Args:
        after: The text that a stream still brings.
        chunks: The pieces in which it brings it; None for one a word.
        latency: Seconds before the answer begins.

    Raises:
        ValueError: The chunks do not add up to the text.
    """
    return attrs.evolve(text(after, chunks=chunks, latency=latency), is_cut=True)


def raw(status: int = 200, headers: Mapping[str, str] | None = None, body: Any = b"", *, latency: float = 0.0) -> Raw:
    """Answer with a response as it stands.

    Args:
        status: The HTTP status.
        headers: The headers; None for a content type that fits the body.
        body: Bytes, a text, or a value to be sent as JSON.
        latency: Seconds before it comes.
    """
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body)
    own = {"content-type": "text/plain" if isinstance(body, str) else kind}
    return Raw(status=status, headers=own if headers is None else headers, body=content, latency=latency)


def models(*ids: str, latency: float = 0.0) -> ModelList:
    """Answer with a list of models, to a request for one.

    Args:
        ids: Their names.
        latency: Seconds before it comes.
    """
    return ModelList(ids=ids, latency=latency)
