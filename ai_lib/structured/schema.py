"""JSON Schema from Python types, and JSON text into them; msgspec knows attrs, dataclasses and TypedDicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ai_lib.errors import InvalidRequestError

__all__ = ["closed", "parse", "schema_of"]


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type, in the form that OpenAI's strict mode takes.

    Source: https://platform.openai.com/docs/guides/structured-outputs (all fields required, no additional properties)

    Raises:
        InvalidRequestError: The type has no schema.
    """
    try:
        (schema,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    except TypeError as exc:
        raise InvalidRequestError(f"{getattr(kind, '__name__', kind)} has no JSON Schema: {exc}") from exc
    schema = definitions.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema
    if schema.get("type") != "object":
        raise InvalidRequestError(
            f"{getattr(kind, '__name__', kind)} is not an object in JSON; give a class with fields"
        )
    if definitions:
        schema["$defs"] = definitions
    whole: dict[str, Any] = closed(schema)
    return whole


def closed(schema: Any) -> Any:
    """Return the schema with every object closed and all its properties required; defaults are not for the model."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    out = {key: closed(value) for key, value in schema.items() if key != "default"}
    if out.get("type") == "object" and isinstance(out.get("properties"), dict):
        out["required"] = list(out["properties"])
        out["additionalProperties"] = False
    return out


def parse(kind: Any, text: str) -> Any:
    """Return the JSON text as a value of the type.

    Raises:
        ValueError: The text is not JSON, or does not fit; the message names the place.
    """
    return msgspec.json.decode(text, type=kind)
