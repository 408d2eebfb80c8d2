"""The file of a cassette: exchanges without secrets, as readable JSON."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

from ai_lib.errors import ConfigurationError
from ai_lib.testing.redaction import is_secret, mask_secrets, masked_url, secrets_of
from ai_lib.testing.response import FakeResponse
from ai_lib.types.wire import HttpRequest

__all__ = ["Exchange", "RecordedRequest", "closest_request", "describe_difference", "load", "save"]

VERSION = 1

# Headers that describe the connection instead of the content, or name the account.
_OMITTED_HEADERS = frozenset({
    "connection", "content-encoding", "content-length", "keep-alive", "openai-organization", "openai-project",
    "transfer-encoding",
})  # fmt: skip


@attrs.frozen(kw_only=True)
class RecordedRequest:
    """The recorded part of a request, by which it is found again. Its headers are not part of it.

    Args:
        method: "GET" or "POST".
        url: The address, without secrets.
        body: The content: {"json": ...} with the decoded value, a string, {"base64": ...}, or None.
    """

    method: str
    url: str
    body: Any = None

    @classmethod
    def from_http(cls, request: HttpRequest, known_secrets: Iterable[str]) -> Self:
        """Return a request without its headers and secrets."""
        url = mask_secrets(masked_url(request.url).encode(), known_secrets).decode()
        body = None if request.body is None else _readable_body(mask_secrets(request.body, known_secrets))
        return cls(method=request.method, url=url, body=body)

    @property
    def facts(self) -> dict[str, Any]:
        """What distinguishes the request from others, wherever the server is."""
        parts = urlsplit(self.url)
        query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        return {"address": f"{parts.path}?{query}" if query else parts.path, "body": self.body, "method": self.method}

    @property
    def key(self) -> str:
        """The facts as one string."""
        return json.dumps(self.facts, sort_keys=True)


@attrs.frozen
class Exchange:
    """One request and its response."""

    request: RecordedRequest
    response: FakeResponse

    @classmethod
    def from_http(
        cls,
        request: HttpRequest,
        status: int,
        headers: Mapping[str, str],
        pieces: Sequence[bytes],
        *,
        streamed: bool,
        is_cut: bool = False,
    ) -> Self:
        """Return an exchange without its secrets.

        Args:
            request: The request.
            status: The HTTP status of the response.
            headers: The headers of the response.
            pieces: The body of the response, as it arrived.
            streamed: Whether it was read as a stream.
            is_cut: Whether the connection was lost after the pieces.
        """
        known = secrets_of(request.url, request.headers)
        kept_headers = {
            name.lower(): mask_secrets(str(value).encode(), known).decode()
            for name, value in headers.items()
            if not is_secret(name) and name.lower() not in _OMITTED_HEADERS
        }
        # Masked as a whole and split again, since a secret may cross the border of two pieces.
        body = mask_secrets(b"".join(pieces), known)
        kept_pieces, start = [], 0
        for piece in pieces:
            kept_pieces.append(body[start : start + len(piece)])
            start += len(piece)
        response = FakeResponse(
            status=status, headers=kept_headers, pieces=tuple(kept_pieces), streamed=streamed, is_cut=is_cut
        )
        return cls(RecordedRequest.from_http(request, known), response)

    def to_json(self) -> dict[str, Any]:
        """Return the exchange as it stands in the file."""
        response: dict[str, Any] = {"status": self.response.status, "headers": dict(self.response.headers)}
        if self.response.streamed:
            response["stream"] = [_readable_text(piece) for piece in self.response.pieces]
        else:
            response["body"] = _readable_body(b"".join(self.response.pieces))
        if self.response.is_cut:
            response["cut"] = True
        return {"request": attrs.asdict(self.request), "response": response}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Return an exchange from a file."""
        response = entry["response"]
        streamed = "stream" in response
        recorded = FakeResponse(
            status=response["status"],
            headers=response["headers"],
            pieces=tuple(map(_to_bytes, response["stream"] if streamed else [response["body"]])),
            streamed=streamed,
            is_cut=response.get("cut", False),
        )
        return cls(RecordedRequest(**entry["request"]), recorded)


def save(file: Path, exchanges: Iterable[Exchange]) -> None:
    """Write a cassette, readable by its owner only; an existing one is replaced as a whole."""
    content = {"version": VERSION, "exchanges": [exchange.to_json() for exchange in exchanges]}
    try:
        data = json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        data = json.dumps(content, indent=1).encode() + b"\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    # Not chmod afterwards: in between, every user could open it.
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(data)
    temporary.replace(file)


def load(file: Path) -> list[Exchange]:
    """Return the exchanges of a cassette.

    Raises:
        ConfigurationError: The file does not exist, is not a cassette, or has another version.
    """
    try:
        content = json.loads(file.read_bytes())
        version = content["version"]
        if version == VERSION:
            return [Exchange.from_json(entry) for entry in content["exchanges"]]
    except FileNotFoundError as exc:
        raise ConfigurationError(f'the cassette {file} does not exist; record it with mode="record"') from exc
    except (ValueError, LookupError, TypeError) as exc:
        raise ConfigurationError(f"{file} is not a cassette: {type(exc).__name__}: {exc}") from exc
    raise ConfigurationError(
        f'the cassette {file} has version {version!r}, and this release reads {VERSION}; record it again, mode="record"'
    )


def _readable_body(content: bytes) -> Any:
    """Return a body in the form that is easiest to read: JSON, text or base64."""
    try:
        return {"json": json.loads(content)}
    except ValueError:
        return _readable_text(content)


def _readable_text(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:  # a character that crosses the border of two pieces, or binary data
        return {"base64": base64.b64encode(content).decode()}


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if "json" in value:
        return json.dumps(value["json"], separators=(",", ":")).encode()
    return base64.b64decode(value["base64"])


def closest_request(request: RecordedRequest, exchanges: Iterable[Exchange]) -> RecordedRequest | None:
    """Return the recorded request that is most similar to one that is missing; None if nothing is recorded."""

    def similarity(recorded: RecordedRequest) -> tuple[bool, float]:
        same_address = recorded.facts["address"] == request.facts["address"]
        return same_address, SequenceMatcher(None, recorded.key, request.key, autojunk=False).quick_ratio()

    return max((exchange.request for exchange in exchanges), key=similarity, default=None)


def describe_difference(recorded: Any, sent: Any, path: str = "") -> str:
    """Return where two values first differ, and how; empty if they do not."""
    if isinstance(recorded, Mapping) and isinstance(sent, Mapping):
        names = sorted({*recorded, *sent})
        pairs = [(f"{path}.{name}".lstrip("."), recorded.get(name), sent.get(name)) for name in names]
    elif isinstance(recorded, list) and isinstance(sent, list) and len(recorded) == len(sent):
        pairs = [(f"{path}[{index}]", old, new) for index, (old, new) in enumerate(zip(recorded, sent, strict=True))]
    elif recorded != sent:
        shown = [json.dumps(value, ensure_ascii=False) for value in (recorded, sent)]
        old, new = (text if len(text) <= 120 else text[:117] + "..." for text in shown)
        return f"{path}: recorded {old}, sent {new}"
    else:
        return ""
    return next((text for where, old, new in pairs if (text := describe_difference(old, new, where))), "")
