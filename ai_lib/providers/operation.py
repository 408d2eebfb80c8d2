"""What is asked beside chat, and what an answer may ask for in its turn. Imported where it is used: few programs do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse

__all__ = ["Content", "OperationFormat"]


@attrs.frozen(kw_only=True)
class Content:
    """A body that is not JSON.

    Args:
        body: The bytes.
        headers: The headers that say what they are.
    """

    body: bytes = attrs.field(repr=False)
    headers: Mapping[str, str]


@attrs.frozen(kw_only=True)
class OperationFormat:
    """A wire format for something beside chat: embeddings, reranking, counting tokens, uploading files.

    Args:
        quirks: Makes its switches from the `options` of a configuration's table.
        encode: Makes the body of a request: the request, the context, and what to call for a field without a form.
        decode: Reads the answer: the decoded JSON and the context.
    """

    quirks: Callable[[Mapping[str, Any]], Any]
    encode: Callable[[Any, Context, Refuse], dict[str, Any] | Content]
    decode: Callable[[Any, Context], Any]
