"""The origin of each setting of a client, by the same rules that chose it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ai_lib.connection.connection import Connection
from ai_lib.connection.options import ConnectionOptions, is_model_name
from ai_lib.types.wire import Timeout
from ai_lib.utils.env import first_set

__all__ = ["Explanation", "Setting", "explain"]

_Rows = Iterator[tuple[str, Any, str]]
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_HIDDEN = "***"
_MAX_WIDTH = 72


@attrs.frozen
class Setting:
    """One setting.

    Args:
        name: Its name.
        value: Its value; secrets are "***".
        source: "argument", "environment NAME", "configuration of PROVIDER" or "default".
    """

    name: str
    value: Any
    source: str


@attrs.frozen
class Explanation:
    """The settings of a client; `[name]` returns one, `print` shows all."""

    settings: tuple[Setting, ...]

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings)

    def __getitem__(self, name: str) -> Setting:
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(name)

    def __str__(self) -> str:
        rows = []
        for setting in self.settings:
            value = str(setting.value)
            value = value if len(value) <= _MAX_WIDTH else f"{value[: _MAX_WIDTH - 3]}..."
            rows.append((setting.name, value, setting.source))
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        return "\n".join(f"{name:{widths[0]}}  {value:{widths[1]}}  {source}" for name, value, source in rows)


def explain(connection: Connection, arguments: Mapping[str, Any]) -> Explanation:
    """Return the settings of a client.

    Args:
        connection: Its own connection.
        arguments: The arguments that it was made with.
    """
    rows = (*_provider(connection, arguments), *_connection(connection), *_behaviour(connection, arguments))
    return Explanation(tuple(Setting(*row) for row in rows))


def _provider(connection: Connection, arguments: Mapping[str, Any]) -> _Rows:
    config, options = connection.adapter.config, connection.options
    configuration = f"configuration of {config.id}"
    from_env = "environment: the only provider whose key is set, else local"
    if first_set(["AI_LIB_MODEL"]):
        from_env = "environment AI_LIB_MODEL"
    yield "provider", config.id, "argument" if arguments["provider"] is not None else from_env
    variable = first_set(config.model_variables)
    if is_model_name(connection.configured_model):
        is_argument = arguments["provider"] is not None or arguments["model"]
        yield "model", connection.model, "argument" if is_argument else from_env
    else:
        yield "model", connection.model, f"environment {variable[0]}" if variable else configuration
    yield "api", config.api or "default", "argument" if arguments["api"] else "default"
    yield "dialect", config.dialect, configuration
    variable = first_set(config.base_url_env)
    source = f"environment {variable[0]}" if variable else configuration
    yield "base_url", connection.adapter.base_url, "argument" if options.base_url is not None else source
    variable = first_set(config.key_env)
    if options.token is not None:
        yield "api_key", _HIDDEN, "argument token"
    elif connection.adapter.api_key is None:
        yield "api_key", f"{config.credentials} credentials" if config.credentials else "not required", configuration
    elif options.api_key is not None or variable is None:
        yield "api_key", _HIDDEN, "argument"
    else:
        yield "api_key", _HIDDEN, f"environment {variable[0]}"
    yield "headers", ", ".join(sorted(options.headers)) or "none", "argument" if options.headers else "default"
    headers = sorted({*connection.adapter.headers} - {*options.headers})
    if headers:
        yield "provider's headers", ", ".join(headers), configuration


def _connection(connection: Connection) -> _Rows:
    from ai_lib.transport.proxies import ProxyRules

    options, defaults = connection.options, ConnectionOptions()
    if options.disable_proxy:
        yield "proxy", "none", "argument disable_proxy"
    elif options.proxy is not None:
        yield "proxy", _HIDDEN, "argument"
    else:
        _, origin = ProxyRules().choose(connection.adapter.base_url) or ("", "")
        source = f"environment {origin}" if origin in os.environ else origin
        yield "proxy", _HIDDEN if origin else "none", source or "default"
    variable = first_set(_CA_VARIABLES) if options.verify is True else None
    source = f"environment {variable[0]}" if variable else "argument" if options.verify is not True else "default"
    yield "verify", variable[1] if variable else options.verify, source
    yield "cert", "set" if options.cert else "none", "argument" if options.cert else "default"
    limits = options.timeout if isinstance(options.timeout, Timeout) else Timeout()
    if isinstance(options.timeout, int | float):
        limits = attrs.evolve(limits, total=float(options.timeout))
    for field in attrs.fields(Timeout):
        value = getattr(limits, field.name)
        source = "default" if value == getattr(Timeout(), field.name) else "argument"
        yield f"timeout.{field.name}", "no limit" if value is None else f"{value:g} s", source
    for name in ("pool_size", "max_inline_bytes"):
        value = getattr(options, name)
        yield name, value, "default" if value == getattr(defaults, name) else "argument"


def _behaviour(connection: Connection, arguments: Mapping[str, Any]) -> _Rows:
    action = arguments["on_unsupported"]
    yield "on_unsupported", action, "default" if action == "raise" else "argument"
    resilience, policy = arguments["resilience"], connection.guard.policy
    # A number of retries in the options wins over the configuration's.
    source = "argument" if connection.options.max_retries != ConnectionOptions().max_retries else "default"
    if resilience is not None and source == "default":
        source = "argument resilience"
    yield "max_retries", policy.max_retries, source
    yield "retry", policy, source if resilience is None else "argument resilience"
    for name in ("breaker", "rate_limit", "concurrency", "monitor"):
        part = None if resilience is None else getattr(resilience, name)
        yield name, part if part is not None else "none", "default" if resilience is None else "argument resilience"
    array = arguments["provider"] if hasattr(arguments["provider"], "connect_first") else None
    for name in ("route", "interceptors", "listener", "metrics", "transport"):
        value = array if name == "route" and array is not None else arguments[name]
        several = value if isinstance(value, list | tuple) else (value,)
        is_set = value not in (None, ())
        kinds = ", ".join(type(part).__name__ for part in several)
        yield name, kinds if is_set else "none", "argument" if is_set else "default"
    yield "catalogue", connection.catalogue, "argument" if arguments["catalogue"] is not None else "default"
