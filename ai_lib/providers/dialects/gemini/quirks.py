"""The switches in which services that speak this dialect differ, and what is known of each model.

The tables of models are by pattern, the first that fits counts; they hold for a model wherever it is hosted, and "*"
for names that say nothing, such as gemini-flash-latest: they take what the newest models take.

Sources: https://ai.google.dev/gemini-api/docs/thinking, https://ai.google.dev/gemini-api/docs/openai#thinking,
https://ai.google.dev/gemini-api/docs/structured-output, https://ai.google.dev/gemini-api/docs/function-calling,
https://ai.google.dev/gemini-api/docs/thought-signatures,
https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from ai_lib.providers.reading import quirks_of

__all__ = ["Quirks", "quirks_from"]


def _table(values: Mapping[str, Any]) -> Any:
    return attrs.field(factory=lambda: dict(values))


def _texts(values: Mapping[str, Iterable[str]]) -> Any:
    return attrs.field(
        factory=lambda: dict(values), converter=lambda table: {key: tuple(value) for key, value in table.items()}
    )


_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH"}
# What Google's own OpenAI-compatible API makes of the words.
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
_REJECTS = {
    "*gemini-3.5-flash-lite*": _SAMPLING,
    "*gemini-3.[6-9]*": _SAMPLING,
    "*gemini-3*": ("n",),
    "*": (),
}


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect, and the tables of models, by pattern.

    Args:
        call_ids: Whether calls and their results carry the call's id.
        labels: Whether it keeps tags with a request.
        result_files: Whether a tool's result may hold files by address.
        file_base: What stands before the id of an uploaded file that is no address.
        thinking: The words for an effort, each with a level (text) or a budget (a number); without any the model does
            not think.
        schemas: Whether schemas go as JSON Schema ("json"), or in the subset that OpenAPI 3.0 has ("openapi").
        schema_with_tools: Whether the form of an answer can be told together with tools.
        validated: Whether calls can be held to the tools' schemas.
        system: Whether there are system instructions; else they stand in front of what the user says first.
        signature: What stands for the signature of a call that another model made; "" where none is needed.
        result_media: The media types that a tool's result may hold; others go beside it.
        detail: Whether it can be told how closely to look at a part.
        rejects: Fields that the model does not heed any more, or refuses.
    """

    call_ids: bool = True
    labels: bool = False
    result_files: bool = False
    file_base: str = ""
    thinking: Mapping[str, Mapping[str, str | int]] = _table(_THINKING)
    schemas: Mapping[str, Literal["json", "openapi"]] = _table(_SCHEMAS)
    schema_with_tools: Mapping[str, bool] = _table(_SCHEMA_WITH_TOOLS)
    validated: Mapping[str, bool] = _table(_VALIDATED)
    system: Mapping[str, bool] = _table(_SYSTEM)
    signature: Mapping[str, str] = _table(_SIGNATURE)
    result_media: Mapping[str, tuple[str, ...]] = _texts(_RESULT_MEDIA)
    detail: Mapping[str, bool] = _table(_DETAIL)
    rejects: Mapping[str, tuple[str, ...]] = _texts(_REJECTS)


quirks_from = quirks_of(Quirks, "dialect gemini")
