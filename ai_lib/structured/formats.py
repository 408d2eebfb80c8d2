"""What users pass as `response_format`: a word, a JSON Schema, or a type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, get_origin

from ai_lib.errors import InvalidRequestError
from ai_lib.schemas.schema import object_schema, type_name
from ai_lib.schemas.validate import decode_valid
from ai_lib.types.request import ResponseFormat

__all__ = ["response_format_from"]


def response_format_from(value: Any) -> ResponseFormat | None:
    """Return the response format for what a user passed.

    Args:
        value: None or "text"; "json_object"; a `ResponseFormat`; OpenAI's dict; a JSON Schema of type object; or an
            attrs class, dataclass, TypedDict, msgspec Struct or pydantic model, of which `response.parsed` is then an
            instance; or a type made of them, such as `list[City]` or `City | None`.

    Raises:
        InvalidRequestError: The value is none of these, or the type has no JSON Schema.
    """
    if value is None or isinstance(value, ResponseFormat):
        return value
    if isinstance(value, Mapping):
        return _from_dict(value)
    if isinstance(value, str):
        if value == "text":
            return None
        if value not in ("json_object", "json"):
            raise InvalidRequestError(
                f"response_format {value!r} is unknown; use 'json_object', a JSON Schema or a class"
            )
        from ai_lib.schemas.convert import decode

        return ResponseFormat(kind="json_object", parser=partial(decode, kind=dict))
    if isinstance(value, type) or get_origin(value) is not None:
        try:
            schema, parser = object_schema(value)
        except TypeError as exc:
            raise InvalidRequestError(f"response_format: {exc}") from exc
        # A name may have at most 64 letters at OpenAI: "City", "list_City".
        name = re.sub(r"[^a-zA-Z0-9_-]+", "_", type_name(value)).strip("_")[:64] or "response"
        return ResponseFormat(kind="json_schema", schema=schema, name=name, strict=True, parser=parser)
    raise InvalidRequestError(f"response_format must be a word, a JSON Schema or a class, not {type(value).__name__}")


def _from_dict(value: Mapping[str, Any]) -> ResponseFormat | None:
    kind = value.get("type")
    if kind in ("text", "json_object"):
        return response_format_from(kind)
    strict = None
    if kind == "json_schema":
        wrapped = value.get("json_schema")
        if not isinstance(wrapped, Mapping) or not isinstance(wrapped.get("schema"), Mapping):
            raise InvalidRequestError(
                "response_format of type json_schema needs {'json_schema': {'name': ..., 'schema': {...}}}"
            )
        unknown = sorted(set(wrapped) - {"name", "schema", "strict", "description"})
        if unknown:
            raise InvalidRequestError(f"unknown key in response_format's json_schema: {', '.join(unknown)}")
        schema, name, strict = wrapped["schema"], wrapped.get("name", "response"), wrapped.get("strict")
        if wrapped.get("description"):  # into the schema, since not every provider has a field for it
            schema = {"description": wrapped["description"], **schema}
    elif kind == "object":
        schema, name = value, str(value.get("title", "response"))
    else:
        raise InvalidRequestError("response_format as a dict must be OpenAI's form or a JSON Schema with type 'object'")
    parser = partial(decode_valid, schema=schema)
    return ResponseFormat(kind="json_schema", schema=schema, name=name, strict=strict, parser=parser)
