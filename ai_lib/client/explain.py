"""Where each setting of a client comes from, told by the same rules that chose it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ai_lib.connection.connection import Connection
from ai_lib.connection.options import ConnectionOptions, names_one
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.wire import Timeout
from ai_lib.utils.env import first_set

__all__ = ["Explanation", "Setting", "explanation"]

_Rows = Iterator[tuple[str, Any, str]]
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_HIDDEN = "***"


@attrs.frozen
class Setting:
    """One setting.

    Args:
        name: What is set.
        value: To what; secrets are "***".
        source: "argument", "environment NAME", "configuration of PROVIDER" or "default".
    """

    name: str
    value: Any
    source: str


@attrs.frozen
class Explanation:
    """The settings of a client; `[name]` gives one, `print` shows all."""

    settings: tuple[Setting, ...]

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings)

    def __getitem__(self, name: str) -> Setting:
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(name)

    def __str__(self) -> str:
        rows = [(setting.name, _short(setting.value), setting.source) for setting in self.settings]
        wide = [max(len(row[column]) for row in rows) for column in range(2)]
        return "\n".join(f"{name:{wide[0]}}  {value:{wide[1]}}  {source}" for name, value, source in rows)


def explanation(own: Connection, arguments: Mapping[str, Any]) -> Explanation:
    """Return the settings of a client.

    Args:
        own: Its provider.
        arguments: What it was made with.
    """
    rows = (*_provider(own, arguments), *_connection(own), *_behaviour(own, arguments))
    return Explanation(tuple(Setting(*row) for row in rows))


def _provider(own: Connection, arguments: Mapping[str, Any]) -> _Rows:
    config, options = own.adapter.config, own.options
    usual = f"configuration of {config.id}"
    given = arguments["provider"]
    named = first_set(["AI_LIB_MODEL"])
    alone = "environment AI_LIB_MODEL" if named else "environment: the one provider whose key is set, else local"
    yield "provider", config.id, "argument" if given is not None else alone
    yield "model", own.model, _model_source(own, arguments, alone)
    yield "api", config.api or "the usual one", "argument" if arguments["api"] else "default"
    yield "dialect", config.dialect, usual
    yield "base_url", own.adapter.base_url, _given(options.base_url, config.base_url_env, usual)
    yield "api_key", *_key(own, config, options)
    headers = sorted({*own.adapter.headers} - {*options.headers})
    yield "headers", ", ".join(sorted(options.headers)) or "none", "argument" if options.headers else "default"
    if headers:
        yield "provider's headers", ", ".join(headers), usual


def _model_source(own: Connection, arguments: Mapping[str, Any], alone: str) -> str:
    config = own.adapter.config
    if names_one(own.configured_model):
        return "argument" if arguments["provider"] is not None or arguments["model"] else alone
    found = first_set(config.model_variables)
    return f"environment {found[0]}" if found else f"configuration of {config.id}"


def _key(own: Connection, config: ProviderConfig, options: ConnectionOptions) -> tuple[str, str]:
    if options.token is not None:
        return _HIDDEN, "argument token"
    if own.adapter.api_key is None:
        what = f"{config.credentials} credentials" if config.credentials else "none needed"
        return what, f"configuration of {config.id}"
    if options.api_key is not None:
        return _HIDDEN, "argument"
    found = first_set(config.key_env)
    return _HIDDEN, f"environment {found[0]}" if found else "argument"


def _connection(own: Connection) -> _Rows:
    options, usual = own.options, ConnectionOptions()
    yield "proxy", *_proxy(options, own.adapter.base_url)
    found = first_set(_CA_VARIABLES) if options.verify is True else None
    source = f"environment {found[0]}" if found else "argument" if options.verify is not True else "default"
    yield "verify", found[1] if found else options.verify, source
    yield "cert", "given" if options.cert else "none", "argument" if options.cert else "default"
    limits = options.timeout if isinstance(options.timeout, Timeout) else Timeout()
    if isinstance(options.timeout, int | float):
        limits = attrs.evolve(limits, total=float(options.timeout))
    for field in attrs.fields(Timeout):
        value = getattr(limits, field.name)
        source = "default" if value == getattr(Timeout(), field.name) else "argument"
        yield f"timeout.{field.name}", "no limit" if value is None else f"{value:g} s", source
    for name in ("pool_size", "max_inline_bytes"):
        value = getattr(options, name)
        yield name, value, "default" if value == getattr(usual, name) else "argument"


def _proxy(options: ConnectionOptions, base_url: str) -> tuple[str, str]:
    from ai_lib.transport.proxies import ProxyRules

    if options.disable_proxy:
        return "none", "argument disable_proxy"
    if options.proxy is not None:
        return _HIDDEN, "argument"
    _, origin = ProxyRules().chosen(base_url) or ("", "")
    if not origin:
        return "none", "default"
    return _HIDDEN, f"environment {origin}" if origin in os.environ else origin


def _behaviour(own: Connection, arguments: Mapping[str, Any]) -> _Rows:
    action = arguments["on_unsupported"]
    yield "on_unsupported", action, "default" if action == "raise" else "argument"
    resilience, policy = arguments["resilience"], own.guard.policy
    # A number of retries among the options wins.
    retries = "argument" if own.options.max_retries != ConnectionOptions().max_retries else "default"
    if resilience is not None and retries == "default":
        retries = "argument resilience"
    yield "max_retries", policy.max_retries, retries
    yield "retry", policy, retries if resilience is None else "argument resilience"
    for name in ("breaker", "rate_limit", "concurrency", "monitor"):
        part = None if resilience is None else getattr(resilience, name)
        yield name, part if part is not None else "none", "default" if resilience is None else "argument resilience"
    array = arguments["provider"] if hasattr(arguments["provider"], "first") else None
    for name in ("route", "interceptors", "listener", "metrics", "transport"):
        value = array if name == "route" and array is not None else arguments[name]
        yield name, "none" if value in (None, ()) else _kinds(value), "default" if value in (None, ()) else "argument"
    yield "catalogue", own.catalogue, "argument" if arguments["catalogue"] is not None else "default"


def _kinds(value: Any) -> str:
    several = value if isinstance(value, list | tuple) else (value,)
    return ", ".join(type(one).__name__ for one in several)


def _given(value: Any, variables: Any, usual: str) -> str:
    if value is not None:
        return "argument"
    found = first_set(variables)
    return usual if found is None else f"environment {found[0]}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 72 else f"{text[:69]}..."
