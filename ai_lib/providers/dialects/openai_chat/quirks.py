"""The switches in which the services that speak this dialect differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from ai_lib.providers.wire import quirks_of

__all__ = ["REASONING_TEXT", "Quirks", "quirks_from"]

REASONING_TEXT = ("reasoning_content", "reasoning")
"""The fields that hold the model's thinking as text, the first that is there wins."""


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        rename: Request fields that have another name on the wire.
        accepts: Fields beyond OpenAI's own that the service takes: "top_k".
        rejects: Request fields that the service refuses; "name" and "strict" mean those of messages and tools.
        stream_usage: Whether to ask for the usage of a stream; False where it comes unasked or asking is refused.
        tool_choice: The choices it knows.
        json_object: Whether it takes response_format json_object.
        json_schema: Whether it takes response_format json_schema.
        json_schema_strict: Whether it takes `strict` there.
        json_schema_with_tools: Whether it takes json_schema together with tools.
        json_schema_with_stream: Whether it streams json_schema.
        schema_drops: Keys that must not occur in the schemas of tools and answers.
        tool_schema_drops: Keys that must not occur in the schemas of tools.
        reasoning: How effort and budget are asked for; see `encode.REASONING`.
        echo: Fields of an assistant message that must come back with its tool calls.
        media: The kinds of media part it takes.
        image_urls: Whether it fetches images by address.
        audio_data_url: Whether audio goes as a data: URL instead of bare base64.
        text_only_as_string: Whether several text parts must be sent as one string.
        empty_content: What stands for the content of an assistant message that has only tool calls.
        think_tags: Whether thinking comes inside the text, between <think> and </think>.
        cache_marks: Whether parts may carry cache_control, as with Anthropic.
    """

    rename: Mapping[str, str] = attrs.field(factory=dict)
    accepts: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    stream_usage: bool = True
    tool_choice: frozenset[str] = attrs.field(default=frozenset({"auto", "none", "required", "named"}), converter=_set)
    json_object: bool = True
    json_schema: bool = True
    json_schema_strict: bool = True
    json_schema_with_tools: bool = True
    json_schema_with_stream: bool = True
    schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    tool_schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    reasoning: Literal["effort", "thinking", "thinking_effort", "enable_thinking", "object"] = "effort"
    echo: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    media: frozenset[str] = attrs.field(default=frozenset({"image", "audio", "document"}), converter=_set)
    image_urls: bool = True
    audio_data_url: bool = False
    text_only_as_string: bool = False
    empty_content: str | None = None
    think_tags: bool = False
    cache_marks: bool = False


quirks_from = quirks_of(Quirks, "dialect openai_chat")
