"""Further endpoints of a provider: for operations other than chat, and for its other chat APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Api", "Endpoint"]


def _strings(value: Any) -> tuple[str, ...] | None:
    return None if value is None else (value,) if isinstance(value, str) else tuple(value)


@attrs.frozen(kw_only=True)
class Endpoint:
    """The endpoint of one operation other than chat.

    Args:
        format: The wire format: a module in the folder with the name of the configuration's table.
        path: The path after the base URL; `{model}` and `{model_path}` as in `ProviderConfig.chat_path`.
        base_url: The URL before the path, in place of the provider's base URL.
        model: The model to use when the caller names none.
        batch: Maximum inputs of one request; more are sent in several requests.
        headers: Further headers.
        options: The format's own settings; strings may have the placeholders of `base_url`, replaced as there.
    """

    format: str
    path: str
    base_url: str | None = None
    model: str | None = None
    batch: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    options: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Api:
    """Another chat API of a provider: the fields of `ProviderConfig` that differ from its usual one.

    None means as usual, except as noted.

    Args:
        dialect: The wire format.
        chat_path: The path of chat completions.
        stream_path: The path of streamed ones; None means `chat_path`.
        model_prefix: The text before the model in `{model_path}`, unless its name has a slash.
        base_url: The URL to which paths are appended.
        models_path: The path of the list of models; None with a `base_url` means that there is none.
        quirks: The dialect's settings; nothing is inherited.
        query: Query parameters added to every URL; nothing is inherited.
        query_env: Environment variables that replace the value of a query parameter; nothing is inherited.
        headers: Headers sent with every request.
        key_env: Environment variables that hold the key.
        key_header: The header that carries the key.
        key_prefix: The text before the key in that header.
        credentials: The credentials that sign requests when there is no key; "" for none.
        default_model: The model to use when the caller names none.
        url_variants: Base URLs for certain values, under "name=value".
    """

    dialect: str
    chat_path: str
    stream_path: str | None = None
    model_prefix: str = ""
    base_url: str | None = None
    models_path: str | None = None
    quirks: Mapping[str, Any] = attrs.field(factory=dict)
    query: Mapping[str, str] = attrs.field(factory=dict)
    query_env: Mapping[str, str] = attrs.field(factory=dict)
    headers: Mapping[str, str] | None = None
    key_env: tuple[str, ...] | None = attrs.field(default=None, converter=_strings)
    key_header: str | None = None
    key_prefix: str | None = None
    credentials: str | None = None
    default_model: str | None = None
    url_variants: Mapping[str, str] | None = None
