"""Further endpoints of a provider: for operations other than chat, and for its other chat APIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["Api", "Endpoint"]


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

    None means as usual, except that without a `models_path` another `base_url` has no list of models, and that
    `stream_path`, `model_prefix`, `quirks`, `query` and `query_env` are never inherited. `credentials` of "" mean none.
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
    key_env: str | Iterable[str] | None = None
    key_header: str | None = None
    key_prefix: str | None = None
    credentials: str | None = None
    default_model: str | None = None
    url_variants: Mapping[str, str] | None = None
