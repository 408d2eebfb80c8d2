"""A message of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text
from ai_lib.types.tool import ToolCall

__all__ = ["Citation", "Message", "PartLike", "Role"]

PartLike: TypeAlias = str | Part
_PART_TYPES = (Text, Image, Audio, Document, Json)


class Role(StrEnum):
    """The author of a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@attrs.frozen
class Citation:
    """A source that the answer cites.

    Args:
        url: The URL of the source, if the provider returns one.
        title: Its title.
        start: Index in the text of the answer at which the supported passage starts.
        end: Index at which it ends.
        data: The provider's object, as sent.
        cited_text: The passage of the source, if the provider quotes it.
    """

    url: str | None = None
    title: str | None = None
    start: int | None = None
    end: int | None = None
    data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    cited_text: str | None = None


def _parts(content: PartLike | Iterable[PartLike] | None) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if isinstance(content, _PART_TYPES):
        return (content,)
    if not isinstance(content, Iterable):
        raise InvalidRequestError(f"message content must be a string or parts, not {type(content).__name__}")
    parts = tuple(Text(item) if isinstance(item, str) else item for item in content)
    for part in parts:
        if not isinstance(part, _PART_TYPES):
            raise InvalidRequestError(
                f"a part of a message must be a str, Text, Image, Audio, Document or Json, not {type(part).__name__}"
            )
    return parts


# Typed, since mypy loses the type of a field with converter=tuple.
def _calls(calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    return tuple(calls)


def _citations(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    return tuple(citations)


@attrs.frozen(kw_only=True)
class Message:
    """One message. `Message.system()`, `.user()`, `.assistant()` and `.tool()` are the short ways to create one.

    Args:
        role: The author.
        content: The parts, in order; a plain str is one text part.
        name: The author's name, where there are several.
        tool_calls: The tool calls that the assistant makes.
        tool_call_id: In a tool message, the id of the call it answers.
        is_error: In a tool message, whether the tool failed; for providers without a flag the content alone says so.
        reasoning: The reasoning of the model, if the provider returns it.
        refusal: Why the model refused to answer, if the provider returns it separately.
        citations: The sources that the answer cites.
        provider_data: Opaque data that is sent back unchanged with the message, only to the provider it came from.
    """

    role: Role = attrs.field(converter=Role)
    content: tuple[Part, ...] = attrs.field(default=(), converter=_parts)
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = attrs.field(default=(), converter=_calls)
    tool_call_id: str | None = None
    is_error: bool = False
    reasoning: str | None = None
    refusal: str | None = None
    citations: tuple[Citation, ...] = attrs.field(default=(), converter=_citations)
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)

    @classmethod
    def system(cls, *content: PartLike) -> Message:
        """Create a system message: instructions for the whole conversation."""
        return cls(role=Role.SYSTEM, content=content)

    @classmethod
    def user(cls, *content: PartLike, name: str | None = None) -> Message:
        """Create a user message from strings and parts, in order."""
        return cls(role=Role.USER, content=content, name=name)

    @classmethod
    def assistant(cls, *content: PartLike, tool_calls: Iterable[ToolCall] = ()) -> Message:
        """Create an assistant message: what the model said, or an example of what it should say."""
        return cls(role=Role.ASSISTANT, content=content, tool_calls=tool_calls)

    @classmethod
    def tool(cls, tool_call_id: str, *content: PartLike, name: str | None = None, is_error: bool = False) -> Message:
        """Create the result of the tool call with this id, from strings and parts such as `Json(...)`.

        Without a name, providers that require the tool's get it from the call.
        """
        return cls(role=Role.TOOL, content=content, tool_call_id=tool_call_id, name=name, is_error=is_error)

    @property
    def text(self) -> str:
        """All text parts, joined without a separator."""
        return "".join([part.text for part in self.content if isinstance(part, Text)])
