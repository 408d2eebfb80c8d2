"""The switches in which the services of this dialect differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        model_in_body: Whether the body names the model; False where the URL does.
        rename: Request fields that have another name on the wire.
        accepts: Fields beyond OpenAI's own that the service supports: "top_k".
        rejects: Request fields that the service refuses; "name" and "strict" mean those of messages and tools.
        stream_usage: Whether to request the usage of a stream; False where it comes unrequested or the request fails.
        tool_choice: The supported choices.
        tool_choice_words: The service's words for choices, such as "any" for "required".
        json_object: Whether response_format json_object is supported.
        json_schema: Whether response_format json_schema is supported.
        json_schema_strict: Whether `strict` is supported there.
        json_schema_with_tools: Whether json_schema is supported together with tools.
        json_schema_with_stream: Whether json_schema is supported in a stream.
        schema_drops: Keys that must not occur in the schemas of tools and answers.
        tool_schema_drops: Keys that must not occur in the schemas of tools.
        reasoning: How effort and budget are requested, see `reasoning.REASONING`; or a table of these by model.
        efforts: The efforts that models support, by model; a model that is not listed supports any.
        thinking_types: The types of an object `thinking`, by model.
        thinking_budget: Whether such an object may hold a number of tokens.
        thinking_parts: Whether reasoning goes back as a part of the content, with its signature.
        echo: Fields of an assistant message that must come back with its tool calls.
        prefill: The field that marks a last assistant message as the start of the answer.
        short_ids: Whether ids of tool calls must be nine letters and digits.
        tool_result_name: Whether a tool result carries the tool's name.
        media: The supported kinds of media part.
        parts: How media are written: "objects" as at OpenAI, or "strings".
        image_urls: Whether the service fetches images by URL.
        image_file_prefix: What stands before the id of an uploaded image, in the place of a URL; None where ids are
            not supported.
        audio_data_url: Whether audio goes as a data: URL instead of bare base64.
        text_only_as_string: Whether several text parts must be sent as one string.
        empty_content: The content of an assistant message that has only tool calls.
        think_tags: Whether reasoning comes inside the text, between <think> and </think>.
        cache_marks: How long the service caches what a part's cache_control marks; empty where it has no such marks.
    """

    model_in_body: bool = True
    rename: Mapping[str, str] = attrs.field(factory=dict)
    accepts: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    stream_usage: bool = True
    tool_choice: frozenset[str] = attrs.field(
        default=frozenset({"auto", "none", "required", "named"}), converter=frozenset
    )
    tool_choice_words: Mapping[str, str] = attrs.field(factory=dict)
    json_object: bool = True
    json_schema: bool = True
    json_schema_strict: bool = True
    json_schema_with_tools: bool = True
    json_schema_with_stream: bool = True
    schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    tool_schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    reasoning: str | Mapping[str, str] = "effort"
    efforts: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    thinking_types: Mapping[str, tuple[str, ...]] = attrs.field(factory=lambda: {"*": ("enabled", "disabled")})
    thinking_budget: bool = True
    thinking_parts: bool = False
    echo: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    prefill: str | None = None
    short_ids: bool = False
    tool_result_name: bool = False
    media: frozenset[str] = attrs.field(default=frozenset({"image", "audio", "document"}), converter=frozenset)
    parts: Literal["objects", "strings"] = "objects"
    image_urls: bool = True
    image_file_prefix: str | None = None
    audio_data_url: bool = False
    text_only_as_string: bool = False
    empty_content: str | None = None
    think_tags: bool = False
    cache_marks: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)

    def accept(self, field: str, refuse: Refuse) -> bool:
        """Return whether the service supports a request field; where it does not, call `refuse`."""
        if field in self.rejects:
            refuse(field, "the provider does not accept it")
        elif field == "top_k" and field not in self.accepts:
            refuse(field, "chat completions have no such field; if the server has one, pass it in extensions")
        else:
            return True
        return False


quirks_from = quirks_reader(Quirks, "dialect openai_chat")
