"""A request as a fake provider received it, with its secrets masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import attrs

from ai_lib.testing.redaction import masked_headers, masked_url
from ai_lib.types.wire import HttpRequest
from ai_lib.utils import json

__all__ = ["SentRequest"]


@attrs.frozen(kw_only=True)
class SentRequest:
    """One request that a fake received.

    Args:
        method: "GET" or "POST".
        url: The whole address; keys in its query are masked.
        headers: The headers, names in lower case; keys are masked.
        body: The content, or None.
        number: The position among the fake's requests; 1 is the first.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | None = attrs.field(default=None, repr=False)
    number: int = 1

    @classmethod
    def from_http(cls, request: HttpRequest, number: int) -> Self:
        """Return a request without its secrets.

        Args:
            request: The request as the client sent it.
            number: The position among the fake's requests; 1 is the first.
        """
        url, headers = masked_url(request.url), masked_headers(request.headers)
        return cls(method=request.method, url=url, headers=headers, body=request.body, number=number)

    @property
    def path(self) -> str:
        """The path of the address, without the query."""
        return urlsplit(self.url).path

    @property
    def json(self) -> Any:
        """The content, decoded.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body or b"null")

    @property
    def prompt(self) -> str:
        """The text of the last message, in any of the wire formats; empty if there is none."""
        try:
            body = self.json
        except ValueError:
            return ""
        if not isinstance(body, Mapping):
            return ""
        messages = next((body[name] for name in ("messages", "contents", "input") if body.get(name)), "")
        return _text_of(messages[-1] if isinstance(messages, list) else messages)


def _text_of(value: Any) -> str:
    """Return the text in a message, a list of parts, a part or a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_text_of, value))
    if isinstance(value, Mapping):
        return next((_text_of(value[name]) for name in ("content", "parts", "text", "output") if value.get(name)), "")
    return ""
