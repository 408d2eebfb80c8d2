"""What a docstring says about each parameter, and what it says besides: Google's, NumPy's and Sphinx's forms.

Sources: https://google.github.io/styleguide/pyguide.html#383-functions-and-methods,
https://numpydoc.readthedocs.io/en/latest/format.html#parameters,
https://www.sphinx-doc.org/en/master/usage/domains/python.html#info-field-lists
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import cleandoc

__all__ = ["split_docstring"]

_GOOGLE_HEAD = re.compile(r"(?:Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments):\s*$")
_GOOGLE_ITEM = re.compile(r"\*{0,2}(?P<names>\w+)(?:\s*\(.*?\))?\s*:(?!:)\s*(?P<text>.*)$")
_NUMPY_HEAD = re.compile(r"(?:Other )?Parameters\s*$")
_NUMPY_ITEM = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?(?P<text>)$")
_UNDERLINE = re.compile(r"(?:-{3,}|={3,})\s*$")
_FIELD = re.compile(r":(?P<kind>param|parameter|arg|argument|key|keyword|type)\s+(?P<names>[^:]*):\s*(?P<text>.*)$")


def split_docstring(docstring: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the docstring without its parts about parameters, and what they say, by the parameter's name.

    The rest is None when nothing is left.
    """
    kept: list[str] = []
    told: dict[str, str] = {}
    lines = cleandoc(docstring or "").split("\n")
    while lines:
        length = _google(lines, told) or _numpy(lines, told) or _field(lines, told)
        if not length:
            kept.append(lines[0])
        del lines[: length or 1]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() or None, told


def _google(lines: list[str], told: dict[str, str]) -> int:
    """Return how many lines a Google section has that begins here, 0 for none."""
    if not _GOOGLE_HEAD.match(lines[0]):
        return 0
    length = 1 + _indented(lines[1:])
    _items(cleandoc("\n" + "\n".join(lines[1:length])).split("\n"), _GOOGLE_ITEM, told)
    return length


def _numpy(lines: list[str], told: dict[str, str]) -> int:
    if len(lines) < 2 or not (_NUMPY_HEAD.match(lines[0]) and _UNDERLINE.match(lines[1])):
        return 0
    ends = (number - 1 for number in range(3, len(lines)) if _UNDERLINE.match(lines[number]))
    length = next(ends, len(lines))
    _items(lines[2:length], _NUMPY_ITEM, told)
    return length


def _field(lines: list[str], told: dict[str, str]) -> int:
    found = _FIELD.match(lines[0])
    if not found:
        return 0
    length = 1 + _indented(lines[1:])
    if found["kind"] != "type":
        # ":param int count: ..." has the type before the name.
        _note(found["names"].split()[-1:], [found["text"], *lines[1:length]], told)
    return length


def _indented(lines: list[str]) -> int:
    """Return how many of the lines belong to the one above: those further in, and what is empty between them."""
    ends = (number for number, line in enumerate(lines) if line and not line[0].isspace())
    return next(ends, len(lines))


def _items(lines: list[str], pattern: re.Pattern[str], told: dict[str, str]) -> None:
    while lines:
        length = 1 + _indented(lines[1:])
        if found := pattern.match(lines[0]):
            _note(found["names"].split(","), [found["text"], *lines[1:length]], told)
        del lines[:length]


def _note(names: Iterable[str], lines: list[str], told: dict[str, str]) -> None:
    text = " ".join(" ".join(lines).split())
    if text:
        told.update((name.strip().lstrip("*"), text) for name in names)
