"""JSON as values of Python types.

msgspec handles attrs, dataclasses, TypedDict and the types of the standard library. pydantic is never imported here: a
caller that passes a model class has loaded it already.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import msgspec

__all__ = ["convert", "decode", "is_pydantic_model"]


def decode(text: str, kind: Any) -> Any:
    """Return a JSON document as a value of a type; that of `Any` is a dict, a list or a scalar.

    Raises:
        ValueError: The text is not JSON, or does not fit the type; the message says where.
    """
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_decode_model)
    except RecursionError as exc:
        raise ValueError("the JSON is nested too deeply") from exc
    except msgspec.MsgspecError as exc:  # older versions do not derive it from ValueError
        error = exc
    # Only now, since most answers fit at once and this decodes the text a second time.
    with suppress(ValueError, msgspec.MsgspecError, RecursionError):
        return convert(msgspec.json.decode(text), kind)
    raise ValueError(str(error)) from error


def convert(value: Any, kind: Any, *, lenient: bool = False) -> Any:
    """Return a decoded JSON value as a value of a type.

    Lenient, it also accepts "5" where an integer is expected, "true" where a boolean is, etc.

    Raises:
        ValueError: The value does not fit the type; the message says where.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=_decode_model)
    except msgspec.MsgspecError as exc:
        error = exc
    # To JSON Schema, and so to a provider that enforces one, 3.0 is an integer; to msgspec it is not.
    try:
        return msgspec.convert(_with_integers(value), kind, strict=not lenient, dec_hook=_decode_model)
    except RecursionError:  # of `_with_integers`, since msgspec decodes deeper values than Python can walk
        pass
    except msgspec.MsgspecError as exc:
        # The first error may be about something that the lenient conversion accepts; else it is closer to the value.
        error = exc if lenient else error
    raise ValueError(str(error)) from error


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _with_integers(inner) for name, inner in value.items()}
    return [_with_integers(inner) for inner in value] if isinstance(value, list) else value


def is_pydantic_model(kind: Any) -> bool:
    """Return whether a type is a pydantic model class."""
    return "pydantic" in sys.modules and isinstance(kind, type) and hasattr(kind, "model_json_schema")


def _decode_model(kind: Any, value: Any) -> Any:
    if not is_pydantic_model(kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} cannot be represented as JSON")
    try:
        # As JSON: a strict model accepts the string of an enum or a date only there.
        return kind.model_validate_json(msgspec.json.encode(value))
    except ValueError as exc:
        errors: list[dict[str, Any]] = getattr(exc, "errors", list)()
        messages = [f"{'.'.join(map(str, error['loc'])) or 'the value'}: {error['msg']}" for error in errors]
        raise ValueError("; ".join(messages) or str(exc)) from exc
