"""What users pass as `response_format`: a word, a schema, or a type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_origin

from ai_lib.errors import InvalidRequestError
from ai_lib.structured.schema import form_of, parse, schema_name
from ai_lib.types.request import ResponseFormat

__all__ = ["response_format_from"]


def response_format_from(given: Any) -> ResponseFormat | None:
    """Return the response format.

    Args:
        given: None or "text"; "json_object"; a `ResponseFormat`; OpenAI's dict; a JSON Schema of type object; or an
            attrs class, dataclass, TypedDict, msgspec Struct or pydantic model, whose instances `response.parsed` then
            gives; or a type made of them, such as `list[City]` or `City | None`.

    Raises:
        InvalidRequestError: It is none of these, or the type has no schema.
    """
    if given is None or isinstance(given, ResponseFormat):
        return given
    if isinstance(given, str):
        return _from_word(given)
    if isinstance(given, Mapping):
        return _from_dict(given)
    if isinstance(given, type) or get_origin(given) is not None:
        schema, reader = form_of(given)
        return ResponseFormat(kind="json_schema", schema=schema, name=schema_name(given), strict=True, parser=reader)
    raise InvalidRequestError(f"response_format must be a word, a JSON Schema or a class, not {type(given).__name__}")


def _described(wrapped: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema with the description beside it put in: not every provider has a place for that."""
    schema: Mapping[str, Any] = wrapped["schema"]
    told = wrapped.get("description")
    return {**schema, "description": told} if told and "description" not in schema else schema


def _held_to(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what reads an answer and checks it, since providers leave parts of a schema out."""
    from ai_lib.structured.validate import parser_for

    return parser_for(schema)


def _from_word(word: str) -> ResponseFormat | None:
    if word == "text":
        return None
    if word in ("json_object", "json"):
        return ResponseFormat(kind="json_object", parser=partial(parse, dict))
    raise InvalidRequestError(f"response_format {word!r} is unknown; use 'json_object', a JSON Schema or a class")


def _from_dict(given: Mapping[str, Any]) -> ResponseFormat | None:
    kind = given.get("type")
    if kind in ("text", "json_object"):
        return _from_word(kind)
    if kind == "json_schema":
        wrapped = given.get("json_schema")
        if not isinstance(wrapped, Mapping) or not isinstance(wrapped.get("schema"), Mapping):
            raise InvalidRequestError(
                "response_format of type json_schema needs {'json_schema': {'name': ..., 'schema': {...}}}"
            )
        unknown = sorted(set(wrapped) - {"name", "schema", "strict", "description"})
        if unknown:
            raise InvalidRequestError(f"unknown key in response_format's json_schema: {', '.join(unknown)}")
        return ResponseFormat(
            kind="json_schema",
            schema=_described(wrapped),
            name=wrapped.get("name", "response"),
            strict=wrapped.get("strict"),
            parser=_held_to(wrapped["schema"]),
        )
    if kind == "object":
        return ResponseFormat(
            kind="json_schema", schema=given, name=str(given.get("title", "response")), parser=_held_to(given)
        )
    raise InvalidRequestError("response_format as a dict must be OpenAI's form or a JSON Schema with type 'object'")
