"""What the text of an answer contains: JSON, sections of Markdown, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import attrs

from ai_lib.utils import json
from ai_lib.utils.partial_json import read_json

__all__ = ["CodeBlock", "Section", "code_blocks", "extract_json", "json_lines", "markdown_sections"]


@attrs.frozen
class Section:
    """A heading and the text below it, up to the next heading of any level, without blank lines around it.

    The text before the first heading has level 0 and an empty title.
    """

    level: int
    title: str
    body: str


@attrs.frozen
class CodeBlock:
    """A fenced block of code; `language` is the first word after the opening fence, empty where there is none."""

    language: str
    code: str


def extract_json(text: str) -> Any:
    """Return the JSON value in a string.

    Args:
        text: JSON; or Markdown with a code block marked `json`; or prose, of which the first object or array counts.

    Raises:
        ValueError: There is no JSON, or it is not complete; the message has the line and column.
    """
    reading = read_json(text)
    if reading.complete:
        return reading.value
    before = text[: reading.end]
    place = f"line {before.count(chr(10)) + 1} column {reading.end - before.rfind(chr(10))}"
    if reading.value is None:
        raise ValueError(f"no JSON in the text, which ends at {place}")
    fault = "is cut off" if reading.end == len(text) else "is malformed"
    raise ValueError(f"the JSON in the text {fault} at {place}")


def json_lines(text: str) -> list[Any]:
    """Return the value of each line that is JSON; other lines are skipped."""
    values: list[Any] = []
    for line in text.split("\n"):
        with suppress(ValueError, RecursionError):
            values.append(json.loads(line))
    return values


_OPENING_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}(?=[^`]*$)|~{3,})[ \t]*(?P<language>\S*)")
_CLOSING_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*$")
_ATX = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<title>.*))?$")
_ATX_END = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_SETEXT = re.compile(r" {0,3}(?P<line>=+|-+)[ \t]*$")
_BREAK = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})$")
_INDENTED = re.compile(r" {4}|\t")
# A line of = or - below these does not make a heading of them: list items, quotations, rows of tables.
_NO_PARAGRAPH = re.compile(r" {0,3}(?:[>|]|(?:[-+*]|[0-9]{1,9}[.)])(?:\s|$))")


def code_blocks(text: str) -> list[CodeBlock]:
    """Return the fenced code blocks of a Markdown text, in order; one that is never closed extends to the end.

    Source: https://spec.commonmark.org/0.31.2/#fenced-code-blocks (but at any indentation, for those in lists)
    """
    blocks: list[CodeBlock] = []
    for opening, lines in _pieces(text):
        if opening:
            closed = len(lines) > 1 and _closes(opening, lines[-1])
            indent = re.compile(rf"[ \t]{{0,{len(opening['indent'])}}}")
            code = "\n".join(indent.sub("", line, count=1) for line in lines[1 : -1 if closed else None])
            blocks.append(CodeBlock(opening["language"], code))
    return blocks


def markdown_sections(text: str) -> list[Section]:
    """Return the sections of a Markdown text, in order; headings inside code blocks do not count.

    Source: https://spec.commonmark.org/0.31.2/#atx-headings and #setext-headings
    """
    drafts: list[tuple[int, str, list[str]]] = [(0, "", [])]
    paragraph: int | None = 0  # lines of the paragraph at the end of the body; None if it cannot become a heading
    for opening, lines in _pieces(text):
        body = drafts[-1][2]
        marked = None if opening else _ATX.match(lines[0])
        underlined = _SETEXT.match(lines[0]) if paragraph and not opening else None
        if marked:
            drafts.append((len(marked["marks"]), _ATX_END.sub("", marked["title"] or "").strip(), []))
            paragraph = 0
        elif underlined and paragraph:
            title = " ".join(line.strip() for line in body[-paragraph:])
            del body[-paragraph:]
            drafts.append((1 if underlined["line"][0] == "=" else 2, title, []))
            paragraph = 0
        else:
            body += lines
            paragraph = 0 if opening else _paragraph_length(paragraph, lines[0])
    sections = [Section(level, title, "\n".join(body).strip("\n")) for level, title, body in drafts]
    return [section for section in sections if section.level or section.body]


def _paragraph_length(paragraph: int | None, line: str) -> int | None:
    """Return the length of the paragraph once a line is added; None if it cannot become a heading any more."""
    if not line.strip() or _BREAK.match(line):
        return 0
    if _INDENTED.match(line) and not paragraph:
        return paragraph
    return None if paragraph is None or _NO_PARAGRAPH.match(line) else paragraph + 1


def _pieces(text: str) -> Iterator[tuple[re.Match[str] | None, list[str]]]:
    """Yield each code block with its fences and the match of its opening fence, and each other line by itself."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = 0
    while start < len(lines):
        opening = _OPENING_FENCE.match(lines[start])
        end = start + 1
        if opening:
            closings = (number for number in range(end, len(lines)) if _closes(opening, lines[number]))
            end = next(closings, len(lines) - 1) + 1
        yield opening, lines[start:end]
        start = end


def _closes(opening: re.Match[str], line: str) -> bool:
    closing = _CLOSING_FENCE.match(line)
    if closing is None or not closing["fence"].startswith(opening["fence"]):
        return False
    return len(closing["indent"]) <= len(opening["indent"]) + 3
