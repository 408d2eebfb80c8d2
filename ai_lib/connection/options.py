"""The options of a connection, and the one place where argument, environment and default are merged."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ai_lib.errors import ConfigurationError, InvalidRequestError, MissingKeyError
from ai_lib.providers.config import ProviderConfig, check_base_url
from ai_lib.types.wire import Timeout
from ai_lib.utils.env import first_set

__all__ = [
    "DEFAULT_MAX_RETRIES",
    "ConnectionOptions",
    "evolve_options",
    "is_model_name",
    "resolve_base_url",
    "resolve_bearer",
    "resolve_default_model",
    "resolve_headers",
    "resolve_key",
    "resolve_query",
    "timeout_from",
]

# That of the vendors' own SDKs: enough for a passing fault, and the wait stays short.
DEFAULT_MAX_RETRIES = 2


def _path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _masked(value: object) -> str:
    return "None" if value is None else "'***'"


@attrs.frozen(kw_only=True)
class ConnectionOptions:
    """How to reach the provider. None means: from the environment, else the default.

    Args:
        base_url: URL to which the API's paths are appended, in place of the provider's own.
        api_key: API key, in place of the one from the environment.
        token: Function that returns a bearer token (Microsoft Entra, OAuth). It is called before every request, so
            that it can renew the token; used in place of a key.
        proxy: Proxy URL, scheme://[user:password@]host:port.
        disable_proxy: Use no proxy, whatever the environment says.
        timeout: Seconds for the whole call, or a `Timeout` with four limits.
        max_retries: Maximum attempts after the first, >= 0; made only where a retry can help.
        headers: Additional headers of every request.
        verify: True, the path of a CA file or folder, or False to trust any server.
        cert: Client certificate: the path of one file, or (certificate, key).
        pool_size: Maximum connections to keep open; set it to the number of threads.
        max_inline_bytes: Bytes up to which an image, a recording or a document is sent inside a message; larger ones
            are uploaded first where the provider accepts the id of an uploaded file instead. None means the provider's
            own limit, else 64 KiB; 0 uploads everything that can be, `math.inf` uploads nothing.

    Raises:
        ConfigurationError: An option cannot be used.
    """

    base_url: str | None = None
    api_key: str | None = attrs.field(default=None, repr=_masked)
    token: Callable[[], str] | None = attrs.field(default=None, repr=_masked)
    proxy: str | None = attrs.field(default=None, repr=_masked)
    disable_proxy: bool = False
    timeout: float | Timeout | None = None
    max_retries: int = DEFAULT_MAX_RETRIES
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=lambda headers: f"<{len(headers)} headers>")
    verify: bool | str = attrs.field(default=True, converter=_path)
    cert: str | tuple[str, str] | None = attrs.field(default=None, converter=_path)
    pool_size: int = 64
    max_inline_bytes: float | None = None

    def __attrs_post_init__(self) -> None:
        timeout_from(self.timeout, None)
        for name, kinds, expected in _KINDS:
            value = getattr(self, name)
            if not isinstance(value, kinds):
                raise ConfigurationError(f"{name} must be {expected}, not {type(value).__name__}")
        if self.base_url is not None:
            check_base_url(self.base_url, "base_url")
        if self.token is not None and not callable(self.token):
            raise ConfigurationError(
                "token must be a function that returns a bearer token; pass a token itself as api_key"
            )
        if self.token is not None and self.api_key is not None:
            raise ConfigurationError("pass token or api_key, not both")
        if self.proxy is not None and self.disable_proxy:
            raise ConfigurationError("pass proxy or disable_proxy=True, not both")
        limit = self.max_inline_bytes
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0):
            raise ConfigurationError(f"max_inline_bytes must be a number >= 0, got {limit!r}")
        for name, value in self.headers.items():
            _check_header(name, value)


_KINDS: tuple[tuple[str, Any, str], ...] = (
    ("base_url", str | None, "a string"),
    ("api_key", str | None, "a string"),
    ("proxy", str | None, "a string"),
    ("headers", Mapping, "a mapping of names to values"),
    ("verify", bool | str, "True, False or the path of a CA file"),
    ("cert", str | tuple | None, "a path, or a tuple of certificate and key"),
)


def evolve_options(options: ConnectionOptions, changes: Mapping[str, Any]) -> ConnectionOptions:
    """Return options with other values in some fields.

    Raises:
        ConfigurationError: There is no such field, or `options` is not a `ConnectionOptions`.
    """
    if not isinstance(options, ConnectionOptions):
        raise ConfigurationError(f"options must be ConnectionOptions, not {type(options).__name__}")
    try:
        return attrs.evolve(options, **changes)
    except TypeError as exc:
        raise ConfigurationError(f"unknown option: {', '.join(sorted(changes))}") from exc


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not isinstance(value, str):
        raise ConfigurationError(f"header {name!r} and its value must be strings")
    if any(ord(character) < 32 or ord(character) == 127 for character in name + value):
        raise ConfigurationError(f"header {name!r} holds a control character")


def timeout_from(timeout: float | Timeout | None, default: Timeout | None) -> Timeout:
    """Return the limits: a number of seconds is the total; None means the default.

    Raises:
        ConfigurationError: It is not a positive number or a `Timeout`.
    """
    if isinstance(timeout, Timeout):
        return timeout
    if timeout is None:
        return default or Timeout()
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise ConfigurationError(f"timeout must be seconds or a Timeout, got {timeout!r}")
    return attrs.evolve(default or Timeout(), total=float(timeout))


def resolve_bearer(config: ProviderConfig, options: ConnectionOptions) -> ProviderConfig:
    """Return the configuration, changed to send a bearer token where the environment holds one and there is no key."""
    if options.api_key is not None or options.token is not None:
        return config
    if first_set(config.key_env) is not None or first_set(config.bearer_env) is None:
        return config
    return attrs.evolve(config, key_env=config.bearer_env, key_header="Authorization", key_prefix="Bearer ")


def resolve_key(config: ProviderConfig, options: ConnectionOptions) -> str | None:
    """Return the key: the argument, else the provider's own variables, else None where none is needed.

    Raises:
        MissingKeyError: The provider needs a key and there is none.
        ConfigurationError: The key holds a character that cannot be in a header.
    """
    if options.token is not None:
        return None
    if options.api_key is not None:
        return check_key(options.api_key, "api_key=")
    found = first_set(config.key_env)
    if found is not None:
        return check_key(found[1], found[0])
    if config.key_optional or config.credentials or not config.key_env:
        return None
    variables = " or ".join(config.key_env)
    raise MissingKeyError(
        f"no API key for {config.display_name}: set {variables}, or pass ConnectionOptions(api_key=...)",
        code="missing_api_key",
        provider=config.id,
    )


def check_key(key: str, origin: str) -> str:
    """Return a key without the spaces that copying leaves around it.

    Raises:
        ConfigurationError: It is empty, or holds a character that no key has; the message shows the position only.
    """
    key = key.strip()
    if not key:
        raise ConfigurationError(f"the API key from {origin} is empty", code="bad_api_key")
    for position, character in enumerate(key):
        if not 33 <= ord(character) <= 126:
            raise ConfigurationError(
                f"the API key from {origin} has a character that cannot be sent (U+{ord(character):04X}) "
                f"at position {position}; copy it again",
                code="bad_api_key",
            )
    return key


def resolve_base_url(config: ProviderConfig, options: ConnectionOptions) -> str:
    """Return the base URL: the argument, else the provider's variables, else its own with its fields filled in.

    Raises:
        ConfigurationError: It is not a URL, or the variable of a field is not set.
    """
    if options.base_url is not None:
        return options.base_url.rstrip("/")
    found = first_set(config.base_url_env)
    if found is not None:
        return _url_from_env(config, *found)
    values = {field: _url_field(config, field) for field in config.url_fields}
    # A variant's key is "field=value".
    pairs = [f"{field}={value}" for field, value in values.items()]
    variant = next((url for key, url in config.url_variants.items() if key in pairs), config.base_url)
    return variant.format(**values)


def _url_field(config: ProviderConfig, field: str) -> str:
    variables = config.url_env.get(field, ())
    found = first_set(variables)
    if found is not None:
        return found[1]
    if field in config.url_defaults:
        return config.url_defaults[field]
    raise ConfigurationError(
        f"{config.display_name} needs {' or '.join([*variables, *config.base_url_env])} to be set, "
        "or ConnectionOptions(base_url=...)",
        code="missing_base_url",
        provider=config.id,
    )


def _url_from_env(config: ProviderConfig, name: str, value: str) -> str:
    url = (_local_url(value, config.base_url) if config.base_url.startswith("http://") else value).rstrip("/")
    check_base_url(url, name)
    scheme, _, rest = url.partition("://")
    if config.base_url_env_is_host and "/" not in rest:
        path = config.base_url.partition("://")[2].partition("/")[2]
        fields = {field: _url_field(config, field) for field in config.url_fields if f"{{{field}}}" in path}
        return f"{scheme}://{rest}/{path.format(**fields)}".rstrip("/")
    return url


def _local_url(value: str, default: str) -> str:
    """Return the address of a server on this machine or nearby.

    What it leaves out (scheme, host, port) comes from the default, and an address to listen on becomes one to call:
    Ollama's server and its clients share OLLAMA_HOST. Source: https://docs.ollama.com/faq
    """
    from urllib.parse import urlsplit  # few addresses are local, and every program would pay for the import

    if "://" not in value:
        try:
            usual, parts = urlsplit(default), urlsplit(f"http://{value}")
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or usual.hostname
            value = f"http://{host}:{parts.port or usual.port}{parts.path}"
        except ValueError:  # not a host and a port
            return value
    return value.replace("://0.0.0.0", "://127.0.0.1").replace("://[::]", "://[::1]")


def resolve_headers(config: ProviderConfig, options: ConnectionOptions) -> dict[str, str]:
    """Return the headers of every request without the key: configuration, then environment, then argument."""
    from_env = {name: found[1] for name, variable in config.headers_env.items() if (found := first_set([variable]))}
    for name, value in from_env.items():
        _check_header(name, value)
    return {**config.headers, **from_env, **options.headers}


def resolve_query(config: ProviderConfig) -> dict[str, str]:
    """Return the query parameters of every URL: configuration, then environment."""
    from_env = {name: found[1] for name, variable in config.query_env.items() if (found := first_set([variable]))}
    return {**config.query, **from_env}


_DEFAULT_MODEL = ("", "auto", "default", "provider_default")


def is_model_name(model: str | None) -> bool:
    """Return whether this names a model; None, "" and words such as "auto" mean the default.

    Raises:
        InvalidRequestError: It is not a string.
    """
    if model is not None and not isinstance(model, str):
        raise InvalidRequestError(f"model must be a string, not {type(model).__name__}")
    return model is not None and model.strip().lower() not in _DEFAULT_MODEL


def resolve_default_model(config: ProviderConfig) -> str | None:
    """Return the default model: the provider's variables, else the configuration's."""
    found = first_set(config.model_variables)
    return found[1] if found is not None else config.default_model
