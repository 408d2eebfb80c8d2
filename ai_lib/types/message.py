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
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@attrs.frozen
class Citation:
    """A source that the answer names.

    Args:
        url: Where it is, when the provider gives an address.
        title: Its title.
        start: Index in the answer's text where the cited passage begins.
        end: Index where it ends.
        data: The provider's own object.
        cited_text: The passage of the source, where the provider quotes it.
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
        raise InvalidRequestError(f"message content must be text or parts, not {type(content).__name__}")
    return tuple(_part(item) for item in content)


def _part(item: object) -> Part:
    if isinstance(item, str):
        return Text(item)
    if isinstance(item, _PART_TYPES):
        return item
    raise InvalidRequestError(
        f"a part of a message is a str, Text, Image, Audio, Document or Json, not {type(item).__name__}"
    )


def _calls(calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    return tuple(calls)


def _citations(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    return tuple(citations)


@attrs.frozen(kw_only=True)
class Message:
    """One turn. `Message.system()`, `.user()`, `.assistant()` and `.tool()` are the short ways to make one.

    Args:
        role: Who speaks.
        content: The parts, in order; a plain str is one text part.
        name: The speaker's name, where there are several.
        tool_calls: What the assistant asks to have run.
        tool_call_id: In a tool message, the id of the call it answers.
        is_error: In a tool message, that the tool failed; where the wire has no flag for it, the content alone says so.
        reasoning: What the model thought, when the provider shows it.
        refusal: Why the model would not answer, when the provider says so in a field of its own.
        citations: The sources the answer names.
        provider_data: Opaque data that belongs to the turn and goes back unchanged, only to the provider that made it.
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
        """Instructions that stand above the conversation."""
        return cls(role=Role.SYSTEM, content=content)

    @classmethod
    def user(cls, *content: PartLike, name: str | None = None) -> Message:
        """What the user says: text and parts, in order."""
        return cls(role=Role.USER, content=content, name=name)

    @classmethod
    def assistant(cls, *content: PartLike, tool_calls: Iterable[ToolCall] = ()) -> Message:
        """What the model said, or should seem to have said."""
        return cls(role=Role.ASSISTANT, content=content, tool_calls=tool_calls)

    @classmethod
    def tool(cls, tool_call_id: str, *content: PartLike, name: str | None = None, is_error: bool = False) -> Message:
        """The result of a tool call.

        Args:
            tool_call_id: The id of the call, from `ToolCall.id`.
            content: The result: text, or parts such as `Json(...)`.
            name: The tool's name, for providers that want it; found by the call's id where it is not given.
            is_error: That the tool failed.
        """
        return cls(role=Role.TOOL, content=content, tool_call_id=tool_call_id, name=name, is_error=is_error)

    @property
    def text(self) -> str:
        """All text parts, joined with nothing between."""
        return "".join([part.text for part in self.content if isinstance(part, Text)])
