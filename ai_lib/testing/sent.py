"""What a client sent to a fake, without what must not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ai_lib.testing.redaction import masked_headers, masked_url
from ai_lib.types.wire import HttpRequest
from ai_lib.utils import json

__all__ = ["SentRequest", "sent"]


@attrs.frozen(kw_only=True)
class SentRequest:
    """One request as a fake saw it.

    Args:
        method: "GET" or "POST".
        url: The whole address; keys in its query are masked.
        headers: The headers, their names in lower case; keys are masked.
        body: The content.
        number: Which request of the fake's it was, from 1.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | None = attrs.field(default=None, repr=False)
    number: int = 1

    @property
    def path(self) -> str:
        """The path of the address, without the query."""
        return urlsplit(self.url).path

    @property
    def json(self) -> Any:
        """The content, decoded.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.body or b"null")

    @property
    def prompt(self) -> str:
        """The text of the last message, in whichever of the wire formats it is; empty where there is none."""
        try:
            body = self.json
        except ValueError:
            return ""
        if not isinstance(body, Mapping):
            return ""
        turns = next((body[name] for name in ("messages", "contents", "input") if body.get(name)), "")
        return _text(turns[-1]) if isinstance(turns, list) else _text(turns)


def _text(said: Any) -> str:
    """Return the text of a message, a list of parts, a part or a plain text."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "".join(map(_text, said))
    if isinstance(said, Mapping):
        return next((_text(said[name]) for name in ("content", "parts", "text", "output") if said.get(name)), "")
    return ""


def sent(request: HttpRequest, number: int) -> SentRequest:
    """Return what a test may see of a request.

    Args:
        request: The request, keys and all.
        number: Which one it is, from 1.
    """
    return SentRequest(
        method=request.method,
        url=masked_url(request.url),
        headers=masked_headers(request.headers),
        body=request.body,
        number=number,
    )
