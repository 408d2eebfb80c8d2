"""The arguments of a call that come in pieces, each with the place where it belongs.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Arguments"]

# A normalized path (RFC 9535, section 2.7) and its shorter form: $['a'][0]['b'], $.a[0].b
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<quoted>(?:[^\\]|\\.)*?)(?P=quote)\]"""
)
_KINDS = ("numberValue", "boolValue", "nullValue")


@attrs.define
class Arguments:
    """Puts the pieces together. A text comes in pieces under one path, one after the other."""

    value: dict[str, Any]
    _path: str = ""
    _text: list[str] = attrs.field(factory=list)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take one piece.

        Raises:
            ValueError: Its path leads nowhere.
        """
        path = piece["jsonPath"]
        if path != self._path:
            self._put_text()
            self._path = path
        if "stringValue" in piece:
            self._text.append(piece["stringValue"] or "")
        for kind in _KINDS:
            if kind in piece:
                _put(self.value, _steps(path), None if kind == "nullValue" else piece[kind])

    def whole(self) -> dict[str, Any]:
        """Return the arguments, when no more pieces come."""
        self._put_text()
        return self.value

    def _put_text(self) -> None:
        if self._text:
            _put(self.value, _steps(self._path), "".join(self._text))
            self._text.clear()


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            break
        quoted = found["quoted"]
        name = found["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        steps.append(name if found["index"] is None else int(found["index"]))
        at = found.end()
    if not path.startswith("$") or at < len(path) or not steps or isinstance(steps[0], int):
        raise ValueError(f"the path of an argument cannot be read: {path!r}")
    return steps


def _put(value: Any, steps: list[str | int], leaf: Any) -> None:
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        empty = leaf if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not isinstance(value, list) or step > len(value):
                raise ValueError("an argument's place in a list is not the next one")
            if step == len(value):
                value.append(empty)
        elif not isinstance(value, dict):
            raise ValueError("an argument is put into what is no object")  # noqa: TRY004 - see `wire.typed`
        if following is None:
            value[step] = leaf
        elif isinstance(step, str) and step not in value:
            value[step] = empty
        value = value[step]
