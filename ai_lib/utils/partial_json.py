"""JSON that is incomplete: still being written, or cut off.

The scan passes over the text once and keeps the open containers on a list, so that neither length nor depth matters.
Control characters in strings and a comma before a closing bracket are accepted, since models write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ai_lib.utils import json

__all__ = ["Reading", "iter_json", "parse_partial", "read_json"]


class Reading(NamedTuple):
    """A JSON value so far, None if there is none yet; whether it is complete; and the index at which reading ended."""

    value: Any
    complete: bool
    end: int


def parse_partial(text: str) -> Any:
    """Return the value of a JSON document that may be cut anywhere; None if there is nothing yet.

    An open string ends where the text does, `tru` is true, and a key without a value or a number that may continue is
    left out. So a longer string only adds to the value. Prose and a code fence before the JSON are skipped.
    """
    return read_json(text).value


def read_json(text: str) -> Reading:
    """Return the first JSON value of a string: the string itself, or a code block marked as JSON, or JSON in prose."""
    return next(iter_json(text))


def iter_json(text: str) -> Iterator[Reading]:
    """Yield a reading of each JSON object or array in a string; at least one, which may be empty.

    A bracket in prose that starts no JSON is skipped. Malformed JSON ends the readings; otherwise a part of what was
    meant would be taken for the whole.
    """
    read = _read_scalar(text)
    if read:
        yield read
        return
    start = 0
    if not text.lstrip().startswith(("{", "[")) and (fence := _FENCE.search(text)):
        start = fence.end()
    while opened := _OPENING.search(text, start):
        reader = _Reader(text, opened.start())
        reading = reader.read()
        if reading.complete or reader.started or reading.end == len(text):
            read = reading
            yield reading
            if not reading.complete:
                return
        start = max(reading.end, opened.end())
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
# The end of a string that was cut: nothing, or a string, a number or a word that may continue.
_CUT = re.compile(
    rf"[ \t\r\n]*(?:{_STRING}(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?"
    r"|-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?|t(?:ru?)?|fa?l?s?|nu?l?)\Z"
)
_CONTROL = re.compile(r"[\x00-\x1f]")


def _read_scalar(text: str) -> Reading | None:
    """Return the reading of input that is one string, number or word and nothing else."""
    stripped = text.strip(" \t\r\n")
    token = _TOKEN.match(stripped)
    if not token or token["sign"] or (token["word"] and token["word"] not in _WORDS):
        return None
    open_string = bool(token["string"] and not token["closed"])
    if not open_string and token.end() != len(stripped):
        return None
    return Reading(_token_value(token), not open_string, len(text))


def _token_value(token: re.Match[str]) -> Any:
    if token["number"]:
        return json.loads(token["number"])
    if token["word"]:
        return _WORDS[token["word"]]
    string = _CONTROL.sub(lambda control: f"\\u{ord(control[0]):04x}", token["string"])
    value = json.loads(string + '"')
    # Half of a surrogate pair waits for its other half.
    return value[:-1] if not token["closed"] and "\ud800" <= value[-1:] <= "\udbff" else value


class _Reader:
    """Reads one object or array; its states are named by the token that comes next: key, colon, value, comma."""

    def __init__(self, text: str, start: int) -> None:
        self.started = False
        self._text = text
        self._at = start
        self._root: Any = None
        self._open: list[Any] = []
        self._key = ""
        self._step: Callable[[re.Match[str]], bool] = self._on_value

    def read(self) -> Reading:
        while token := _TOKEN.match(self._text, self._at):
            if not self._step(token):
                break
            self._at = token.end()
            if not self._open:
                return Reading(self._root, complete=True, end=self._at)
        end = len(self._text) if _CUT.match(self._text, self._at) else self._at
        return Reading(self._root, complete=False, end=end)

    def _on_key(self, token: re.Match[str]) -> bool:
        if not token["closed"]:
            return self._close(token["sign"])
        self._key = _token_value(token)
        self._step = self._on_colon
        self.started = True
        return True

    def _on_colon(self, token: re.Match[str]) -> bool:
        self._step = self._on_value
        return token["sign"] == ":"

    def _on_value(self, token: re.Match[str]) -> bool:
        if token["sign"] in ("{", "["):
            inner: Any = {} if token["sign"] == "{" else []
            if self._open:
                self._put(inner)
            else:
                self._root = inner
            self._open.append(inner)
            self._step = self._on_key if token["sign"] == "{" else self._on_value
            return True
        if token["sign"]:
            return self._close(token["sign"])
        at_end = token.end() == len(self._text)
        if token["number"] and at_end:
            return False  # more digits may come
        if token["word"]:
            word = next((word for word in _WORDS if word.startswith(token["word"])), None)
            if word is None or (word != token["word"] and not at_end):
                return False
            self._put(_WORDS[word])
        else:
            self._put(_token_value(token))
        self.started = True
        return not token["string"] or bool(token["closed"])

    def _on_comma(self, token: re.Match[str]) -> bool:
        if token["sign"] != ",":
            return self._close(token["sign"])
        self._step = self._on_key if isinstance(self._open[-1], dict) else self._on_value
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
