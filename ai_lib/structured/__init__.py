"""Structured answers: response formats, their emulation, repairs, and what text contains.

May import `api`, `types`, `errors`, `schemas` and `utils`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ai_lib.structured.formats import response_format_from

if TYPE_CHECKING:
    from ai_lib.structured.fallback import answer_from_tool, format_as_prompt, format_as_tool, lenient_parser
    from ai_lib.structured.repair import repair_messages
    from ai_lib.structured.text import CodeBlock, Section, code_blocks, extract_json, json_lines, markdown_sections

__all__ = [
    "CodeBlock",
    "Section",
    "answer_from_tool",
    "code_blocks",
    "extract_json",
    "format_as_prompt",
    "format_as_tool",
    "json_lines",
    "lenient_parser",
    "markdown_sections",
    "repair_messages",
    "response_format_from",
]

# Imported at first use: every call with a response_format imports this package, and few need these.
_HOMES = {
    "fallback": ("format_as_prompt", "format_as_tool", "answer_from_tool", "lenient_parser"),
    "repair": ("repair_messages",),
    "text": ("CodeBlock", "Section", "code_blocks", "extract_json", "json_lines", "markdown_sections"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
