"""Docstrings, separated into what they say about each parameter and the rest: Google's, NumPy's and Sphinx's styles.

Sources: https://google.github.io/styleguide/pyguide.html#383-functions-and-methods,
https://numpydoc.readthedocs.io/en/latest/format.html#parameters,
https://www.sphinx-doc.org/en/master/usage/domains/python.html#info-field-lists
"""

from __future__ import annotations

import re
from inspect import cleandoc

__all__ = ["split_docstring"]

_GOOGLE_HEAD = re.compile(r"(?:Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments):\s*$")
_GOOGLE_ITEM = re.compile(r"(?P<names>\*{0,2}\w+)(?:\s*\(.*?\))?\s*:(?!:)\s*(?P<text>.*)$")
_NUMPY_HEAD = re.compile(r"(?:Other )?Parameters\s*$")
_NUMPY_ITEM = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?(?P<text>)$")
_UNDERLINE = re.compile(r"(?:-{3,}|={3,})\s*$")
_FIELD = re.compile(r":(?:param|parameter|arg|argument|key|keyword|type)\s+[^:]*:")
# ":param int count: ..." has the type before the name; ":type count: int" says nothing that the annotation does not.
_FIELD_ITEM = re.compile(
    r":(?:param|parameter|arg|argument|key|keyword)\s+(?:[^:]*\s)?(?P<names>[^\s:]+)\s*:\s*(?P<text>.*)$"
)


def split_docstring(docstring: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the docstring without its sections about parameters, and each parameter's description by its name.

    The first is None when nothing else is left.
    """
    rest: list[str] = []
    descriptions: dict[str, str] = {}
    lines = cleandoc(docstring or "").split("\n")
    while lines:
        length, items, pattern = _section(lines)
        while items:
            item = 1 + _indented(items[1:])
            match = pattern.match(items[0])
            text = " ".join(" ".join([match["text"], *items[1:item]]).split()) if match else ""
            if match and text:
                descriptions |= dict.fromkeys((name.strip(" *") for name in match["names"].split(",")), text)
            del items[:item]
        if not length:
            rest.append(lines[0])
        del lines[: length or 1]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rest)).strip() or None, descriptions


def _section(lines: list[str]) -> tuple[int, list[str], re.Pattern[str]]:
    """Return the length in lines of the section that starts here, 0 for none; its items; and the pattern of an item."""
    if _GOOGLE_HEAD.match(lines[0]):
        length = 1 + _indented(lines[1:])
        return length, cleandoc("\n" + "\n".join(lines[1:length])).split("\n"), _GOOGLE_ITEM
    if len(lines) > 1 and _NUMPY_HEAD.match(lines[0]) and _UNDERLINE.match(lines[1]):
        next_heads = (number - 1 for number in range(3, len(lines)) if _UNDERLINE.match(lines[number]))
        length = next(next_heads, len(lines))
        return length, lines[2:length], _NUMPY_ITEM
    if _FIELD.match(lines[0]):
        length = 1 + _indented(lines[1:])
        return length, lines[:length], _FIELD_ITEM
    return 0, [], _FIELD_ITEM


def _indented(lines: list[str]) -> int:
    """Return how many of the lines continue the one above: those indented, and empty lines between them."""
    ends = (number for number, line in enumerate(lines) if line and not line[0].isspace())
    return next(ends, len(lines))
