"""What a JSON text says so far: one that is still being written, or was cut off.

The scan goes over the text once and keeps the containers that are open on a list, so that neither length nor depth
matters. Control characters in strings and a comma before a closing bracket are let pass, since models write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ai_lib.utils import json

__all__ = ["Reading", "iter_json", "parse_partial", "read_json"]


class Reading(NamedTuple):
    """What a text says in JSON.

    Args:
        value: The value so far; None where there is none yet.
        complete: Whether it has come to its end.
        end: Index in the text where reading ended.
    """

    value: Any
    complete: bool
    end: int


def parse_partial(text: str) -> Any:
    """Return the value of a JSON text that may be cut anywhere; None when nothing is there yet.

    An open string ends where the text does, `tru` is true, and a key without a value or a number that may go on is left
    out. So what is there stays: later texts only add to it. Prose and a fence before the JSON are skipped.
    """
    return read_json(text).value


def read_json(text: str) -> Reading:
    """Return the first JSON in a text: all of it, else what a fence marked as JSON holds, else what prose does."""
    return next(iter_json(text))


def iter_json(text: str) -> Iterator[Reading]:
    """Yield one reading for each JSON object or array that stands in a text; at least one, if only of nothing.

    A bracket in prose that turns out to begin nothing is passed over. One whose JSON goes wrong later ends the
    iter_json, or a part of what was meant would be taken for the whole.
    """
    read = _scalar(text)
    if read:
        yield read
        return
    start = 0
    if not text.lstrip().startswith(("{", "[")) and (fence := _FENCE.search(text)):
        start = fence.end()
    while opened := _OPENING.search(text, start):
        reader = _Reader(text, opened.start())
        found = reader.read()
        if found.complete or reader.begun or found.end == len(text):
            read = found
            yield found
            if not found.complete:
                return
        start = max(found.end, opened.end())
    if not read:
        yield Reading(None, complete=False, end=len(text))


_FENCE = re.compile(r"(?mi)^[ \t]*(?:`{3,}|~{3,})[ \t]*json\w*[ \t]*\r?\n")
_OPENING = re.compile(r"[{\[]")
_NUMBER = r"-?(?:0|[1-9][0-9]{0,4000})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"  # Python reads integers of up to 4,300 digits
_ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_STRING = rf'"[^"\\]*(?:{_ESCAPE}[^"\\]*)*'
_TOKEN = re.compile(
    rf'[ \t\r\n]*(?:(?P<string>{_STRING})(?P<closed>")?'
    rf"|(?P<number>{_NUMBER})(?![0-9.eE+-])|(?P<word>[a-z]+)|(?P<sign>[{{}}\[\],:]))"
)
_WORDS = {"true": True, "false": False, "null": None}
# What stands at the end of a text that was cut: nothing, or a string, a number or a word that may go on.
_CUT = re.compile(
    rf"[ \t\r\n]*(?:{_STRING}(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?"
    r"|-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?|t(?:ru?)?|fa?l?s?|nu?l?)\Z"
)
_CONTROL = re.compile(r"[\x00-\x1f]")


def _scalar(text: str) -> Reading | None:
    """Return the reading of a text that is one string, number or word and nothing else."""
    stripped = text.strip(" \t\r\n")
    found = _TOKEN.match(stripped)
    if not found or found["sign"] or (found["word"] and found["word"] not in _WORDS):
        return None
    ended = found.end() == len(stripped) or (found["string"] and not found["closed"])
    if not ended:
        return None
    value = _value(found)
    return Reading(value, not found["string"] or bool(found["closed"]), len(text))


def _value(found: re.Match[str]) -> Any:
    if found["number"]:
        return json.loads(found["number"])
    if found["word"]:
        return _WORDS[found["word"]]
    value = json.loads(_CONTROL.sub(_escaped, found["string"]) + '"')
    # Half of a surrogate pair waits for its other half.
    return value[:-1] if not found["closed"] and "\ud800" <= value[-1:] <= "\udbff" else value


def _escaped(control: re.Match[str]) -> str:
    return f"\\u{ord(control[0]):04x}"


class _Reader:
    """Reads one object or array, with the places where it can stand: before a key, a colon, a value, a comma."""

    def __init__(self, text: str, start: int) -> None:
        self.begun = False
        self._text = text
        self._at = start
        self._root: Any = None
        self._open: list[Any] = []
        self._key = ""
        self._step: Callable[[re.Match[str]], bool] = self._on_value

    def read(self) -> Reading:
        while found := _TOKEN.match(self._text, self._at):
            if not self._step(found):
                break
            self._at = found.end()
            if not self._open:
                return Reading(self._root, complete=True, end=self._at)
        end = len(self._text) if _CUT.match(self._text, self._at) else self._at
        return Reading(self._root, complete=False, end=end)

    def _on_key(self, found: re.Match[str]) -> bool:
        if not found["closed"]:
            return self._close(found["sign"])
        self._key = _value(found)
        self._step = self._on_colon
        self.begun = True
        return True

    def _on_colon(self, found: re.Match[str]) -> bool:
        self._step = self._on_value
        return found["sign"] == ":"

    def _on_value(self, found: re.Match[str]) -> bool:
        if found["sign"]:
            return self._enter(found["sign"]) or self._close(found["sign"])
        at_end = found.end() == len(self._text)
        if found["number"] and at_end:
            return False  # more digits may come
        if found["word"]:
            word = next((word for word in _WORDS if word.startswith(found["word"])), None)
            if word is None or (word != found["word"] and not at_end):
                return False
            self._put(_WORDS[word])
        else:
            self._put(_value(found))
        self.begun = True
        return not found["string"] or bool(found["closed"])

    def _on_comma(self, found: re.Match[str]) -> bool:
        if found["sign"] != ",":
            return self._close(found["sign"])
        self._step = self._on_key if isinstance(self._open[-1], dict) else self._on_value
        return True

    def _enter(self, sign: str) -> bool:
        if sign not in ("{", "["):
            return False
        inner: Any = {} if sign == "{" else []
        if self._open:
            self._put(inner)
        else:
            self._root = inner
        self._open.append(inner)
        self._step = self._on_key if sign == "{" else self._on_value
        return True

    def _put(self, value: Any) -> None:
        if isinstance(self._open[-1], dict):
            self._open[-1][self._key] = value
        else:
            self._open[-1].append(value)
        self._step = self._on_comma

    def _close(self, sign: str | None) -> bool:
        if sign != ("}" if isinstance(self._open[-1], dict) else "]"):
            return False
        self._open.pop()
        self._step = self._on_comma
        return True
