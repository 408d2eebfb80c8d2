"""What a cassette holds: exchanges without secrets, as readable JSON and back."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

from ai_lib.errors import ConfigurationError
from ai_lib.testing.redaction import is_secret, masked_url, secrets_of, without_secrets
from ai_lib.types.wire import HttpRequest

__all__ = ["Asked", "Exchange", "asked", "difference", "kept_headers", "kept_pieces", "load", "nearest", "save"]

VERSION = 1

# What describes the connection and not the content, and what names the account.
_LEFT_OUT = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "openai-organization",
        "openai-project",
        "transfer-encoding",
    }
)


@attrs.frozen(kw_only=True)
class Asked:
    """What of a request is kept, and told apart: its headers are not.

    Args:
        method: "GET" or "POST".
        url: The address, without secrets.
        body: The content: {"json": ...} with the decoded value, a text, {"base64": ...}, or None.
    """

    method: str
    url: str
    body: Any = None

    @property
    def facts(self) -> dict[str, Any]:
        """What tells one request from another, wherever their server is."""
        parts = urlsplit(self.url)
        query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        return {"address": f"{parts.path}?{query}" if query else parts.path, "body": self.body, "method": self.method}

    @property
    def key(self) -> str:
        """The same as one text."""
        return json.dumps(self.facts, sort_keys=True)


@attrs.frozen(kw_only=True)
class Exchange:
    """One request and its answer.

    Args:
        asked: The request.
        status: The answer's HTTP status.
        headers: Its headers, names in lower case.
        pieces: Its content, as it arrived.
        streamed: Whether it was read as a stream.
        is_cut: Whether the connection was lost after the pieces.
    """

    asked: Asked
    status: int
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]
    streamed: bool = False
    is_cut: bool = False


# --- taking secrets out


def asked(request: HttpRequest, known: Iterable[str] | None = None) -> Asked:
    """Return what is kept of a request.

    Args:
        request: The request.
        known: The secrets to take out of it; None for those that it carries itself.
    """
    known = secrets_of(request.url, request.headers) if known is None else known
    url = without_secrets(masked_url(request.url).encode(), known).decode()
    body = None if request.body is None else _decoded(without_secrets(request.body, known))
    return Asked(method=request.method, url=url, body=body)


def kept_headers(headers: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return the headers of an answer that are kept."""
    return {
        name.lower(): without_secrets(str(value).encode(), known).decode()
        for name, value in headers.items()
        if not is_secret(name) and name.lower() not in _LEFT_OUT
    }


def kept_pieces(pieces: Sequence[bytes], known: Iterable[str]) -> tuple[bytes, ...]:
    """Return the pieces of an answer without secrets, also those that lie across a cut."""
    whole = without_secrets(b"".join(pieces), known)
    kept, start = [], 0
    for piece in pieces:
        kept.append(whole[start : start + len(piece)])
        start += len(piece)
    return tuple(kept)


# --- the file


def save(file: Path, exchanges: Iterable[Exchange]) -> None:
    """Write a cassette, readable by its owner only; the one that is there is replaced as a whole."""
    content = {"version": VERSION, "exchanges": [_written(exchange) for exchange in exchanges]}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        data = json.dumps(content, indent=1).encode() + b"\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    # Not chmod afterwards: in between, anybody could open it.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(data)
    fresh.replace(file)


def load(file: Path) -> list[Exchange]:
    """Return what a cassette holds.

    Raises:
        ConfigurationError: There is none, or it is of another version, or no cassette.
    """
    try:
        content = json.loads(file.read_bytes())
        version = content["version"]
        if version == VERSION:
            return [_read(entry) for entry in content["exchanges"]]
    except FileNotFoundError as exc:
        raise ConfigurationError(f'there is no cassette {file}; record it with mode="record"') from exc
    except (ValueError, LookupError, TypeError) as exc:
        raise ConfigurationError(f"{file} is no cassette: {type(exc).__name__}: {exc}") from exc
    raise ConfigurationError(f"the cassette {file} is of version {version!r}, and this is version {VERSION}")


def _written(exchange: Exchange) -> dict[str, Any]:
    response: dict[str, Any] = {"status": exchange.status, "headers": dict(exchange.headers)}
    if exchange.streamed:
        response["stream"] = [_as_text(piece) for piece in exchange.pieces]
    else:
        response["body"] = _decoded(b"".join(exchange.pieces))
    if exchange.is_cut:
        response["cut"] = True
    return {"request": attrs.asdict(exchange.asked), "response": response}


def _read(entry: Mapping[str, Any]) -> Exchange:
    response = entry["response"]
    streamed = "stream" in response
    pieces = tuple(map(_as_bytes, response["stream"])) if streamed else (_encoded(response["body"]),)
    return Exchange(
        asked=Asked(**entry["request"]),
        status=response["status"],
        headers=response["headers"],
        pieces=pieces,
        streamed=streamed,
        is_cut=response.get("cut", False),
    )


def _decoded(content: bytes) -> Any:
    """Return a content in the form that is best to read: JSON, text, or base64."""
    try:
        return {"json": json.loads(content)}
    except ValueError:
        return _as_text(content)


def _encoded(value: Any) -> bytes:
    if isinstance(value, Mapping) and "json" in value:
        return json.dumps(value["json"], separators=(",", ":")).encode()
    return _as_bytes(value)


def _as_text(piece: bytes) -> str | dict[str, str]:
    try:
        return piece.decode()
    except UnicodeDecodeError:  # a character that lies across a cut, or no text at all
        return {"base64": base64.b64encode(piece).decode()}


def _as_bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


# --- what is nearest


def nearest(wanted: Asked, exchanges: Iterable[Exchange]) -> Asked | None:
    """Return the recorded request that is most like one that was not found; None where none is recorded."""

    def likeness(other: Asked) -> tuple[bool, float]:
        there = other.facts["address"] == wanted.facts["address"]
        return there, SequenceMatcher(None, other.key, wanted.key, autojunk=False).quick_ratio()

    return max((exchange.asked for exchange in exchanges), key=likeness, default=None)


def difference(recorded: Any, wanted: Any, place: str = "") -> str:
    """Return where two contents first differ, and how; empty where they do not."""
    if isinstance(recorded, Mapping) and isinstance(wanted, Mapping):
        names = sorted({*recorded, *wanted})
        pairs = [(f"{place}.{name}".lstrip("."), recorded.get(name), wanted.get(name)) for name in names]
    elif isinstance(recorded, list) and isinstance(wanted, list) and len(recorded) == len(wanted):
        pairs = [(f"{place}[{at}]", old, new) for at, (old, new) in enumerate(zip(recorded, wanted, strict=True))]
    elif recorded != wanted:
        return f"{place}: recorded {_brief(recorded)}, asked {_brief(wanted)}"
    else:
        return ""
    return next((found for at, old, new in pairs if (found := difference(old, new, at))), "")


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."
