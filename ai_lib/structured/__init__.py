"""Answers in a form: a JSON Schema out of a type, the answer's text into it, and what to do where that fails.

May import `api`, `types`, `errors` and `utils`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ai_lib.structured.formats import response_format_from

if TYPE_CHECKING:
    from ai_lib.structured.fallback import as_prompt, as_tool, from_tool, lenient_parser
    from ai_lib.structured.repair import repair_message
    from ai_lib.structured.text import CodeBlock, Section, code_blocks, json_in, json_lines, markdown_sections

__all__ = [
    "CodeBlock",
    "Section",
    "as_prompt",
    "as_tool",
    "code_blocks",
    "from_tool",
    "json_in",
    "json_lines",
    "lenient_parser",
    "markdown_sections",
    "repair_message",
    "response_format_from",
]

# Imported when they are first used: every call with a response_format comes by here, and few need these.
_HOMES = {
    "fallback": ("as_prompt", "as_tool", "from_tool", "lenient_parser"),
    "repair": ("repair_message",),
    "text": ("CodeBlock", "Section", "code_blocks", "json_in", "json_lines", "markdown_sections"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
