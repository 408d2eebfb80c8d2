"""The switches in which the services that speak this dialect differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from ai_lib.providers.reading import quirks_of

__all__ = ["REASONING_TEXT", "Quirks", "quirks_from"]

REASONING_TEXT = ("reasoning_content", "reasoning")
"""The fields that hold the model's thinking as text, the first that is there wins."""


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        model_in_body: Whether the body names the model; False where the address does.
        rename: Request fields that have another name on the wire.
        accepts: Fields beyond OpenAI's own that the service takes: "top_k".
        rejects: Request fields that the service refuses; "name" and "strict" mean those of messages and tools.
        stream_usage: Whether to ask for the usage of a stream; False where it comes unasked or asking is refused.
        tool_choice: The choices it knows.
        tool_choice_words: Its own words for choices, such as "any" for "required".
        json_object: Whether it takes response_format json_object.
        json_schema: Whether it takes response_format json_schema.
        json_schema_strict: Whether it takes `strict` there.
        json_schema_with_tools: Whether it takes json_schema together with tools.
        json_schema_with_stream: Whether it streams json_schema.
        schema_drops: Keys that must not occur in the schemas of tools and answers.
        tool_schema_drops: Keys that must not occur in the schemas of tools.
        reasoning: How effort and budget are asked for, see `reasoning.REASONING`; or a table of them by model.
        efforts: The efforts that models know, by model; a model that is not named takes any.
        thinking_types: The types of an object `thinking`, by model.
        thinking_budget: Whether such an object takes a number of tokens.
        thinking_parts: Whether thinking goes back as a part of the content, with its signature.
        echo: Fields of an assistant message that must come back with its tool calls.
        prefill: The field that marks a last assistant message as the beginning of the answer.
        short_ids: Whether ids of tool calls must be nine letters and digits.
        tool_result_name: Whether a tool's result carries the tool's name.
        media: The kinds of media part it takes.
        parts: How media are written: "objects" as at OpenAI, or "strings".
        image_urls: Whether it fetches images by address.
        image_file_prefix: What stands before the id of an uploaded image, in the place of an address; None where ids
            are not taken.
        audio_data_url: Whether audio goes as a data: URL instead of bare base64.
        text_only_as_string: Whether several text parts must be sent as one string.
        empty_content: What stands for the content of an assistant message that has only tool calls.
        think_tags: Whether thinking comes inside the text, between <think> and </think>.
        cache_marks: For how long it keeps what a part's cache_control marks; empty where there are no such marks.
    """

    model_in_body: bool = True
    rename: Mapping[str, str] = attrs.field(factory=dict)
    accepts: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    stream_usage: bool = True
    tool_choice: frozenset[str] = attrs.field(default=frozenset({"auto", "none", "required", "named"}), converter=_set)
    tool_choice_words: Mapping[str, str] = attrs.field(factory=dict)
    json_object: bool = True
    json_schema: bool = True
    json_schema_strict: bool = True
    json_schema_with_tools: bool = True
    json_schema_with_stream: bool = True
    schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    tool_schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    reasoning: str | Mapping[str, str] = "effort"
    efforts: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    thinking_types: Mapping[str, tuple[str, ...]] = attrs.field(factory=lambda: {"*": ("enabled", "disabled")})
    thinking_budget: bool = True
    thinking_parts: bool = False
    echo: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    prefill: str | None = None
    short_ids: bool = False
    tool_result_name: bool = False
    media: frozenset[str] = attrs.field(default=frozenset({"image", "audio", "document"}), converter=_set)
    parts: Literal["objects", "strings"] = "objects"
    image_urls: bool = True
    image_file_prefix: str | None = None
    audio_data_url: bool = False
    text_only_as_string: bool = False
    empty_content: str | None = None
    think_tags: bool = False
    cache_marks: frozenset[str] = attrs.field(default=frozenset(), converter=_set)


quirks_from = quirks_of(Quirks, "dialect openai_chat")
