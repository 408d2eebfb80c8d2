"""Structured answers: response formats, their emulation, repairs, and what text contains.

May import `api`, `types`, `errors`, `schemas` and `utils`.
"""

from typing import TYPE_CHECKING

from ai_lib.structured.formats import response_format_from
from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.structured.fallback import answer_from_tool, format_as_prompt, format_as_tool, lenient_parser
    from ai_lib.structured.repair import ask_with_repairs, repair_messages
    from ai_lib.structured.text import CodeBlock, Section, code_blocks, extract_json, json_lines, markdown_sections
else:
    # Imported at first use: every call with a response_format imports this package, and few need these.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "structured.fallback": "answer_from_tool format_as_prompt format_as_tool lenient_parser",
            "structured.repair": "ask_with_repairs repair_messages",
            "structured.text": "CodeBlock Section code_blocks extract_json json_lines markdown_sections",
        },
    )

__all__ = [
    "CodeBlock", "Section", "answer_from_tool", "ask_with_repairs", "code_blocks", "extract_json",
    "format_as_prompt", "format_as_tool", "json_lines", "lenient_parser", "markdown_sections", "repair_messages",
    "response_format_from",
]  # fmt: skip
