"""What a provider has beside its usual chat API: endpoints for other things, and further APIs for chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Api", "Endpoint"]


def _names(value: Any) -> tuple[str, ...] | None:
    return None if value is None else (value,) if isinstance(value, str) else tuple(value)


@attrs.frozen(kw_only=True)
class Endpoint:
    """Where and how a provider does something beside chat.

    Args:
        format: The name of the wire format: a module in the folder that is called like the table.
        path: What is appended to the base URL; `{model}` and `{model_path}` as in `ProviderConfig.chat_path`.
        base_url: What the path is appended to, instead of the provider's base URL.
        model: The model used when the caller names none.
        batch: Most inputs of one request; more are sent in several.
        headers: Further headers.
        options: The format's own switches; texts may have the gaps of `base_url`, filled as there.
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
    """Another chat API of a provider, with what differs from its usual one.

    Args:
        dialect: The wire format.
        chat_path: Where chat completions are asked for.
        stream_path: As in `ProviderConfig`.
        model_prefix: As in `ProviderConfig`.
        base_url: What paths are appended to; None means as usual.
        models_path: As in `ProviderConfig`; None means as usual, and with a `base_url` of its own that there is none.
        quirks: The dialect's switches; nothing is taken over from the usual API's.
        query: As in `ProviderConfig`.
        query_env: As in `ProviderConfig`.
        headers: As in `ProviderConfig`; None, here and below, means as usual.
        key_env: As in `ProviderConfig`.
        key_header: As in `ProviderConfig`.
        key_prefix: As in `ProviderConfig`.
        credentials: As in `ProviderConfig`; "" for none.
        default_model: As in `ProviderConfig`.
        url_variants: As in `ProviderConfig`.
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
    key_env: tuple[str, ...] | None = attrs.field(default=None, converter=_names)
    key_header: str | None = None
    key_prefix: str | None = None
    credentials: str | None = None
    default_model: str | None = None
    url_variants: Mapping[str, str] | None = None
