"""The switches in which the services of this dialect differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.reading import quirks_reader

__all__ = ["EXTRA_FIELDS", "Quirks", "quirks_from"]

EXTRA_FIELDS = ("top_k", "stop", "seed", "n", "presence_penalty", "frequency_penalty", "logit_bias")
"""Fields that OpenAI's own API does not have, and that some services have."""


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        accepts: Which of `EXTRA_FIELDS` the service supports.
        rejects: Request fields that the service refuses; "strict" means that of tools.
        system: Where instructions go: among the items, in the role "system" or "developer", or into `instructions`.
        typed_messages: Whether every message must have its type, as in the Open Responses specification.
        explicit_defaults: Whether to send what the published schema requires even where it is the default: `strict`
            null for a tool, `detail` "auto" for an image.
        tool_choice: The supported choices.
        nested_tool_choice: Whether a named choice has its name inside `function`, as in chat completions.
        tool_schema_drops: Keys that must not occur in the schemas of tools.
        media: The supported kinds of media part.
        file_data: Whether documents may be sent as bytes.
        summary: The summary of the reasoning to request with an effort; None for none.
        store: Whether to have the service keep the answer, unless the caller decides; None leaves it to the service.
        sealed_reasoning: The models whose reasoning is requested in encrypted form, which can go back where the service
            keeps nothing; where no pattern matches, requests for reasoning do. None where the service has no such form.
        hosted: Kinds of items that run at the service, though elsewhere they are left to the caller.
        items_return: Whether the service accepts all items that it sent, or only messages, calls and results.
        image_ids: Whether images may be named by the id of an uploaded file.
        result_parts: Whether a tool result may hold images and files.
        result_names: Whether a tool result carries the tool's name.
        answer_parts: Whether the content of an earlier answer may be parts, as it came; else it is always a string.
        json_object: Whether any JSON object can be requested as the answer; else only one with a schema.
        chat_format: Whether the format of the answer goes into `response_format`, as in chat completions.
    """

    accepts: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    system: Literal["system", "developer", "instructions"] = "system"
    typed_messages: bool = False
    explicit_defaults: bool = False
    tool_choice: frozenset[str] = attrs.field(
        default=frozenset({"auto", "none", "required", "named"}), converter=frozenset
    )
    nested_tool_choice: bool = False
    tool_schema_drops: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    media: frozenset[str] = attrs.field(default=frozenset({"image", "document"}), converter=frozenset)
    file_data: bool = True
    summary: Literal["auto", "concise", "detailed"] | None = None
    store: bool | None = None
    sealed_reasoning: Mapping[str, bool] | None = None
    hosted: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    items_return: bool = True
    image_ids: bool = True
    result_parts: bool = True
    result_names: bool = False
    answer_parts: bool = True
    json_object: bool = True
    chat_format: bool = False

    def accept(self, field: str, refuse: Refuse) -> bool:
        """Return whether the service supports a request field; where it does not, call `refuse`."""
        if field in self.rejects:
            refuse(field, "the provider does not accept it")
        elif field in EXTRA_FIELDS and field not in self.accepts:
            refuse(field, "the Responses API has no such field")
        else:
            return True
        return False


quirks_from = quirks_reader(Quirks, "dialect openai_responses")
