"""The switches in which the services that speak this dialect differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        accepts: Fields beyond OpenAI's own that the service takes: "seed", "presence_penalty" and the like.
        rejects: Request fields that the service refuses; "strict" means that of tools.
        system: Where instructions stand: among the items, in the role "system" or "developer", or in `instructions`.
        typed_messages: Whether all messages must say that they are messages, as in the Open Responses specification.
        explicit_defaults: Whether what the published schema requires is said even where it is the default: `strict`
            null for a tool, `detail` "auto" for an image.
        tool_choice: The choices it knows.
        nested_tool_choice: Whether a named choice has its name inside `function`, as in chat completions.
        tool_schema_drops: Keys that must not occur in the schemas of tools.
        media: The kinds of media part it takes.
        file_data: Whether documents may be sent as bytes.
        summary: What summary of the reasoning to ask for with an effort; None for none.
        store: What to say about keeping the answer at the service, unless the user says something; None for nothing.
        sealed_reasoning: Which models' reasoning is asked for in encrypted form, which can go back with nothing kept at
            the service; where no pattern fits, that of requests for reasoning. None where the service has no such form.
        hosted: Kinds of items that run at the service, though elsewhere they wait for the caller.
        items_return: Whether the service takes back all that it puts out, or only messages, calls and results.
        image_ids: Whether images may be named by the id of an uploaded file.
        result_parts: Whether a tool's result may hold images and files.
        result_names: Whether a tool's result says the tool's name.
        answer_parts: Whether an earlier answer's content may be parts, as it came; else it is always a string.
        json_object: Whether the answer can be asked to be any JSON object; else only one with a schema.
        chat_format: Whether the form of the answer stands in `response_format`, as in chat completions.
    """

    accepts: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    system: Literal["system", "developer", "instructions"] = "system"
    typed_messages: bool = False
    explicit_defaults: bool = False
    tool_choice: frozenset[str] = attrs.field(default=frozenset({"auto", "none", "required", "named"}), converter=_set)
    nested_tool_choice: bool = False
    tool_schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    media: frozenset[str] = attrs.field(default=frozenset({"image", "document"}), converter=_set)
    file_data: bool = True
    summary: Literal["auto", "concise", "detailed"] | None = None
    store: bool | None = None
    sealed_reasoning: Mapping[str, bool] | None = None
    hosted: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    items_return: bool = True
    image_ids: bool = True
    result_parts: bool = True
    result_names: bool = False
    answer_parts: bool = True
    json_object: bool = True
    chat_format: bool = False


quirks_from = quirks_reader(Quirks, "dialect openai_responses")
