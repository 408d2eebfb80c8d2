"""Values of this package as JSON and back, through one cattrs converter.

Callables (`Tool.function`, `ResponseFormat.parser`) are omitted: they cannot be represented as JSON.
"""

from __future__ import annotations

import base64
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Part, encode_json
from ai_lib.types.request import ResponseFormat
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import NamedTool, Tool, ToolChoice
from ai_lib.utils import json

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["from_json", "to_json"]

T = TypeVar("T")


@cache
def _converter() -> Converter:
    # cattrs generates code for each class, so the converter is created at its first use.
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
    from cattrs.strategies import configure_tagged_union

    converter = Converter(omit_if_default=True, forbid_extra_keys=False)
    converter.register_unstructure_hook(bytes, lambda data: base64.b64encode(data).decode("ascii"))
    converter.register_structure_hook(bytes, lambda text, _: base64.b64decode(text))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_structure_hook(str | int | None, lambda value, _: value)
    converter.register_structure_hook(
        ToolChoice | None, lambda value, _: NamedTool(value["name"]) if isinstance(value, dict) else value
    )
    converter.register_unstructure_hook(NamedTool, lambda tool: {"name": tool.name})
    configure_tagged_union(Part, converter, tag_name="type", tag_generator=lambda cls: cls.__name__.lower())
    omitted_fields = (
        (Tool, ("function",)),
        (ResponseFormat, ("parser",)),
        (ChatCompletionResponse, ("parser", "pricing", "trace", "limit_reader")),
    )
    for cls, fields in omitted_fields:
        omitted = {field: override(omit=True) for field in fields}
        write = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **omitted)  # type: ignore[arg-type]
        converter.register_unstructure_hook(cls, write)
        # JSON says nothing about the type of `.parsed`, so a generic class is read as that of Any.
        concrete: Any = cls[Any] if getattr(cls, "__parameters__", ()) else cls  # type: ignore[index]
        converter.register_structure_hook(cls, make_dict_structure_fn(concrete, converter, **omitted))  # type: ignore[arg-type]
    return converter


def to_json(value: Any) -> bytes:
    """Return a message, request, response, chunk, tool, usage or another value of `ai_lib.types` as JSON.

    Something in it that cannot be represented as JSON raises `InvalidRequestError`.
    """
    return encode_json(_converter().unstructure(value, type(value)), type(value).__name__)


def from_json(data: bytes | str, cls: type[T]) -> T:
    """Return the value that `to_json` wrote, of a class such as `ChatCompletionRequest`.

    Raises:
        InvalidRequestError: The JSON does not fit the class; the message has the path of each error.
    """
    from cattrs import transform_error
    from cattrs.errors import BaseValidationError

    try:
        return _converter().structure(json.loads(data), cls)
    except BaseValidationError as exc:
        raise InvalidRequestError(f"not a {cls.__name__}: {'; '.join(transform_error(exc))}") from exc
    except (ValueError, TypeError) as exc:
        raise InvalidRequestError(f"not a {cls.__name__}: {exc}") from exc
