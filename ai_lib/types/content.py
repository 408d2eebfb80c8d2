"""The parts of a message: text, image, audio, document, JSON."""

from __future__ import annotations

import base64
from typing import Any, Literal, Self, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.utils import json
from ai_lib.utils.files import FileName, data_url, media_type_of, read_data_url, read_named_file

__all__ = ["Audio", "CacheTime", "Document", "Image", "Json", "Media", "Part", "Text", "encode_json"]

CacheTime: TypeAlias = Literal["5m", "1h"]
"""How long a provider keeps everything up to a mark in its prompt cache."""


@attrs.frozen
class Text:
    """Text, sent unchanged.

    Args:
        text: The text.
        cache: Requests that the provider cache the prompt up to the end of this part, for this long.
    """

    text: str = attrs.field(validator=attrs.validators.instance_of(str))
    cache: CacheTime | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Json:
    """A JSON value, sent as compact text to providers that accept no values.

    Args:
        value: The value.
        cache: Requests that the provider cache the prompt up to the end of this part, for this long.
    """

    value: Any
    cache: CacheTime | None = attrs.field(default=None, kw_only=True)

    @property
    def text(self) -> str:
        """The value as compact JSON.

        Raises:
            InvalidRequestError: The value cannot be represented as JSON.
        """
        return encode_json(self.value, "a Json part").decode()


def encode_json(value: Any, owner: str) -> bytes:
    """Return a value as JSON, or raise an InvalidRequestError that says whose value cannot be represented as JSON."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequestError(f"{owner} contains a value that cannot be represented as JSON: {exc}") from exc


@attrs.frozen(kw_only=True)
class Media:
    """The fields of image, audio and document: exactly one of url, data and file_id is set. Use a constructor.

    Args:
        url: An http(s) URL that the provider fetches.
        data: The content.
        file_id: The id of a file that was uploaded to the provider.
        media_type: The media type, for example "image/png"; required with data.
        name: A file name for display; never opened.
        cache: Requests that the provider cache the prompt up to the end of this part, for this long.
    """

    url: str | None = None
    data: bytes | None = attrs.field(default=None, repr=lambda data: f"<{len(data)} bytes>" if data else "None")
    file_id: str | None = None
    media_type: str | None = None
    name: str | None = None
    cache: CacheTime | None = None

    def __attrs_post_init__(self) -> None:
        sources = [field for field in ("url", "data", "file_id") if getattr(self, field) is not None]
        kind = type(self).__name__
        if len(sources) != 1:
            raise InvalidRequestError(f"{kind} requires exactly one of url, data and file_id; got {sources or 'none'}")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise InvalidRequestError(
                f"{kind}.url must start with http:// or https://; "
                f"for a local file use {kind}.from_file(), for a data: URL {kind}.from_data_url()"
            )
        if self.data is not None and not self.media_type:
            raise InvalidRequestError(f"{kind} from bytes requires media_type=, for example 'image/png'")

    @classmethod
    def from_url(cls, url: str, **fields: Any) -> Self:
        """Refer to an http(s) URL, which the provider fetches; a data: URL is decoded at once."""
        if url.startswith("data:"):
            return cls.from_data_url(url, **fields)
        return cls(url=url, **fields)

    @classmethod
    def from_bytes(cls, data: bytes, media_type: str | None = None, **fields: Any) -> Self:
        """Send these bytes.

        Args:
            data: The bytes.
            media_type: Their media type; None detects it from the first bytes, or from `name`.
            fields: Further fields, such as `name`.

        Raises:
            InvalidRequestError: The bytes are empty, or their media type cannot be detected.
        """
        if not data:
            raise InvalidRequestError(f"{cls.__name__} is empty: there are no bytes to send")
        return cls(data=data, media_type=media_type or media_type_of(data, fields.get("name") or ""), **fields)

    @classmethod
    def from_file(cls, path: FileName, media_type: str | None = None, **fields: Any) -> Self:
        """Read a file now and send its bytes; the other arguments are those of `from_bytes`.

        Raises:
            InvalidRequestError: The file cannot be read, is empty, or its media type cannot be detected.
        """
        try:
            data, name = read_named_file(path)
        except OSError as exc:
            raise InvalidRequestError(f"cannot read {cls.__name__} file: {exc}") from exc
        fields.setdefault("name", name)
        return cls.from_bytes(data, media_type, **fields)

    @classmethod
    def from_data_url(cls, url: str, **fields: Any) -> Self:
        """Send the bytes of a base64 data: URL (RFC 2397).

        Raises:
            InvalidRequestError: The URL is not a base64 data: URL.
        """
        try:
            data, media_type = read_data_url(url)
        except ValueError as exc:
            raise InvalidRequestError(str(exc)) from exc
        return cls.from_bytes(data, media_type, **fields)

    @classmethod
    def from_file_id(cls, file_id: str, **fields: Any) -> Self:
        """Refer to a file that was uploaded to the provider."""
        return cls(file_id=file_id, **fields)

    @property
    def base64(self) -> str:
        """The content in base64; empty for a URL or a file id."""
        return base64.b64encode(self.data or b"").decode("ascii")

    @property
    def data_url(self) -> str:
        """The content as a data: URL, or the http(s) URL itself."""
        return self.url if self.url is not None else data_url(self.data or b"", self.media_type or "")


@attrs.frozen(kw_only=True)
class Image(Media):
    """An image.

    Args:
        detail: The resolution at which the provider reads it, where there is a choice.
    """

    detail: Literal["low", "high", "auto"] | None = None


@attrs.frozen(kw_only=True)
class Audio(Media):
    """A sound recording, usually WAV or MP3."""


@attrs.frozen(kw_only=True)
class Document(Media):
    """A document, usually PDF."""


Part: TypeAlias = Text | Image | Audio | Document | Json
