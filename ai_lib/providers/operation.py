"""The wire format of an operation other than chat: embeddings, reranking, counting tokens, uploading files.

A format is a module in the folder of its kind, such as `embed/openai.py`, with `Options`, `encode` and `decode`;
`registry.load_operation` turns it into an `OperationFormat`. Imported where it is used: few programs need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse

__all__ = ["Content", "NoOptions", "OperationFormat"]


@attrs.frozen(kw_only=True)
class Content:
    """A request body that is not JSON, with the headers that describe it, such as Content-Type."""

    body: bytes = attrs.field(repr=False)
    headers: Mapping[str, str]


@attrs.frozen(kw_only=True)
class NoOptions:
    """The options of a format that has none."""


@attrs.frozen(kw_only=True)
class OperationFormat:
    """A wire format for an operation other than chat.

    Args:
        quirks: Reads the `options` of a configuration's table; raises `ConfigurationError` for an unknown one.
        encode: Returns the body for a request, a context (whose `quirks` are the options) and a `Refuse`.
        decode: Returns the value of an answer's decoded JSON and a context.
    """

    quirks: Callable[[Mapping[str, Any]], Any]
    encode: Callable[[Any, Context, Refuse], dict[str, Any] | Content]
    decode: Callable[[Any, Context], Any]
