"""The switches in which services that speak this dialect differ, and what is known of each model.

The tables of models are by pattern, and the first match counts. They hold for a model wherever it is hosted; "*" is for
names that do not tell the model, such as gemini-flash-latest: they accept what the newest models accept.

Sources: https://ai.google.dev/gemini-api/docs/thinking, https://ai.google.dev/gemini-api/docs/openai#thinking,
https://ai.google.dev/gemini-api/docs/structured-output, https://ai.google.dev/gemini-api/docs/function-calling,
https://ai.google.dev/gemini-api/docs/thought-signatures,
https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]

_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH"}
# The budgets that Google's own OpenAI-compatible API uses for the efforts.
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}

_THINKING: dict[str, dict[str, str | int]] = {
    "*gemini-2.5-pro*": {**_BUDGETS},
    "*gemini-2.5*": {"none": 0, **_BUDGETS},
    "*gemini-2.0*": {},
    "*gemini-1*": {},
    "*gemma-3*": {},
    "*": {**_LEVELS},
}
_SCHEMAS = {"*gemini-2.0*": "openapi", "*gemini-1*": "openapi", "*": "json"}
_SCHEMA_WITH_TOOLS = {"*gemini-2*": False, "*gemini-1*": False, "*gemma-3*": False, "*": True}
_VALIDATED = {"*gemini-2.0*": False, "*gemini-1*": False, "*gemma-3*": False, "*": True}
_SYSTEM = {"*gemma-3*": False, "*": True}
_SIGNATURE = {"*gemini-2*": "", "*gemini-1*": "", "*gemma*": "", "*": "skip_thought_signature_validator"}
_RESULT_TYPES = ("image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain")
_RESULT_MEDIA = {"*gemini-2*": (), "*gemini-1*": (), "*gemma*": (), "*": _RESULT_TYPES}
_DETAIL = {"*gemini-2*": False, "*gemini-1*": False, "*gemma*": False, "*": True}
_SAMPLING = ("temperature", "top_p", "top_k", "n")
_REJECTS = {"*gemini-3.5-flash-lite*": _SAMPLING, "*gemini-3.[6-9]*": _SAMPLING, "*gemini-3*": ("n",), "*": ()}


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect, and the tables of models, by pattern.

    Args:
        call_ids: Whether calls and their results carry the id of the call.
        labels: Whether the service keeps labels with a request.
        result_files: Whether a tool result may hold files by URL.
        file_base: The URL in front of the id of an uploaded file.
        thinking: The efforts, each with a level (a string) or a budget (a number); a model without any does not think.
        schemas: Whether schemas go as JSON Schema ("json"), or in the subset of OpenAPI 3.0 ("openapi").
        schema_with_tools: Whether a response format can be combined with tools.
        validated: Whether calls can be held to the schemas of the tools.
        system: Whether there are system instructions; otherwise they precede the first user message.
        signature: The stand-in for the signature of a call that another model made; "" where none is needed.
        result_media: The media types that a tool result may hold; others follow it as parts of their own.
        detail: Whether the resolution can be set for a single part.
        rejects: Fields that the model ignores or rejects.
    """

    call_ids: bool = True
    labels: bool = False
    result_files: bool = False
    file_base: str = ""
    thinking: Mapping[str, Mapping[str, str | int]] = attrs.field(factory=_THINKING.copy)
    schemas: Mapping[str, Literal["json", "openapi"]] = attrs.field(factory=_SCHEMAS.copy)
    schema_with_tools: Mapping[str, bool] = attrs.field(factory=_SCHEMA_WITH_TOOLS.copy)
    validated: Mapping[str, bool] = attrs.field(factory=_VALIDATED.copy)
    system: Mapping[str, bool] = attrs.field(factory=_SYSTEM.copy)
    signature: Mapping[str, str] = attrs.field(factory=_SIGNATURE.copy)
    result_media: Mapping[str, Collection[str]] = attrs.field(factory=_RESULT_MEDIA.copy)
    detail: Mapping[str, bool] = attrs.field(factory=_DETAIL.copy)
    rejects: Mapping[str, Collection[str]] = attrs.field(factory=_REJECTS.copy)


quirks_from = quirks_reader(Quirks, "dialect gemini")
