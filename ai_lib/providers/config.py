"""The configuration of a provider: data that distinguishes it from others, from a TOML file or made at run time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import attrs

from ai_lib.errors import ConfigurationError

if TYPE_CHECKING:
    from ai_lib.providers.endpoint import Api, Endpoint

__all__ = ["ProviderConfig", "check_base_url"]


def _strings(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _path(value: str | None) -> str | None:
    return value or None  # TOML has no null, so a file says "none" with an empty string


def _endpoint(table: Mapping[str, Any] | Endpoint | None) -> Endpoint | None:
    if not isinstance(table, Mapping):
        return table
    from ai_lib.providers.endpoint import Endpoint  # here and below: most programs need none, and pay for each import

    return Endpoint(**table)


def _apis(tables: Mapping[str, Mapping[str, Any] | Api]) -> dict[str, Api]:
    if not tables:
        return {}
    from ai_lib.providers.endpoint import Api

    return {name: Api(**table) if isinstance(table, Mapping) else table for name, table in tables.items()}


def check_base_url(url: str, origin: str) -> None:
    """Check that paths can be appended to a URL, and that it holds no secret, as logs and errors show it.

    Raises:
        ConfigurationError: It is not such a URL; the error names the setting, but not the URL, which may hold a secret.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("https", "http") or not rest:
        raise ConfigurationError(f"{origin} must start with https:// or http://")
    if "@" in rest.partition("/")[0]:
        raise ConfigurationError(
            f"{origin} must not contain a user name or password; send them as a header: "
            "ConnectionOptions(headers={'Authorization': 'Basic ...'})"
        )
    if "?" in rest or "#" in rest:
        raise ConfigurationError(f"{origin} must not contain '?' or '#': paths are appended to it")


# The dialect that providers speak through configuration alone.
_STANDARD_DIALECT = "openai_chat"
# Fields that another API replaces even where it leaves them out: the usual API's values mean something else there.
_API_SPECIFIC = frozenset({"dialect", "chat_path", "stream_path", "model_prefix", "quirks", "query", "query_env"})
# Where an API sets one of these, the other endpoints' paths and the key would not fit together.
_RELOCATING = frozenset({"base_url", "key_env", "key_header", "key_prefix", "credentials"})


@attrs.frozen
class ProviderConfig:
    """One provider: its URLs, how it takes its key, and the settings of its dialect.

    For a custom gateway, `id` and `base_url` suffice:

        client = AiClient(ProviderConfig("gateway", base_url="https://llm.example.com/v1", key_env="GATEWAY_KEY"))

    Args:
        id: The name by which users select it.
        base_url: The URL to which paths are appended; the variables in `url_env` replace `{name}` in it.
        name: The display name; None means the id.
        dialect: The wire format.
        aliases: Further names by which users select it.
        key_env: Environment variables that hold the key, the vendor's own first. A variable belongs to one provider.
        key_optional: Whether the provider works without a key.
        key_header: The header that carries the key.
        key_prefix: The text before the key in that header.
        bearer_env: Environment variables that hold a bearer token, sent as Authorization instead of the key.
        credentials: The credentials that sign requests when there is no key: "aws" or "google"; None means a key only.
        base_url_env: Environment variables that replace `base_url`.
        base_url_env_is_host: Whether those variables hold only the host, to which the path of `base_url` is appended.
        url_env: The environment variables for each `{name}` in `base_url`.
        url_defaults: The value for a `{name}` when none of its variables is set.
        url_variants: Base URLs for certain values, under "name=value".
        headers: Headers sent with every request.
        headers_env: Headers sent when the environment variable given for each is set.
        query: Query parameters added to every URL.
        query_env: Environment variables that replace the value of a query parameter.
        chat_path: The path of chat completions; `{model}` is the model with every reserved character escaped,
            `{model_path}` the same with its slashes kept. None, or "" in a file, where there are none.
        stream_path: The path of streamed ones; None means `chat_path`.
        model_prefix: The text before the model in `{model_path}`, unless its name has a slash.
        streaming: "native"; "emulated" where the service cannot stream; or "emulated_with_tools" where it cannot stream
            with tools. An emulated stream is a whole answer, yielded as chunks.
        models_path: The path of the list of models; None, or "" in a file, where there is none.
        api: The one of `apis` that this configuration describes; None for the usual one.
        apis: Further chat APIs, by the name to pass as `api`.
        embed: The endpoint for embeddings.
        rerank: The endpoint for reranking.
        count_tokens: The endpoint that counts the tokens of a request.
        upload: The endpoint for uploading files; its options are in `upload.form.Options`.
        jobs: The endpoint for batch jobs; its options are in `jobs.format.JobOptions`.
        max_bytes: Maximum bytes of an "image", "audio" or "document" in a message, a "request", and an uploaded "file".
        default_model: The model to use when the caller names none.
        vision_model: The model to suggest for images.
        model_env: Environment variables that replace `default_model`, in addition to those in `model_variables`.
        transport: "http", or "embedded" for the model that runs on this machine.
        quirks: The dialect's settings; see its `Quirks`.
        errors: The provider's own error codes and statuses, each with a name from `errors.classify.ERROR_KINDS`.
        zero_limit_is_quota: Whether a limit of 0 in the headers of a 429 means that the plan lacks the model.
        request_id_header: The response header that holds the request id, where it is not one of the usual ones.
        idempotency_header: The header for a key that is the same for every attempt of a call; None where there is none.
        key_note: The advice to add when the key is rejected.
        model_note: The advice to add when there is no such model.
        retired: The date on which the service ended; using the provider then raises an error with `notes`.
        checked: The date on which the facts were last compared with their sources.
        docs: The URL of the vendor's API documentation.
        sources: The sources of the facts.
        notes: What a user should know.
        unconfirmed: The facts that no second source confirms.
    """

    id: str
    base_url: str = attrs.field(kw_only=True)
    name: str | None = attrs.field(default=None, kw_only=True)
    dialect: str = attrs.field(default="openai_chat", kw_only=True)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    key_env: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    key_optional: bool = attrs.field(default=False, kw_only=True)
    key_header: str = attrs.field(default="Authorization", kw_only=True)
    key_prefix: str = attrs.field(default="Bearer ", kw_only=True)
    bearer_env: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    credentials: str | None = attrs.field(default=None, kw_only=True)
    base_url_env: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    base_url_env_is_host: bool = attrs.field(default=False, kw_only=True)
    url_env: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, kw_only=True)
    url_defaults: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    url_variants: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    headers_env: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    query: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    query_env: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    chat_path: str | None = attrs.field(default="/chat/completions", converter=_path, kw_only=True)
    stream_path: str | None = attrs.field(default=None, kw_only=True)
    model_prefix: str = attrs.field(default="", kw_only=True)
    streaming: Literal["native", "emulated", "emulated_with_tools"] = attrs.field(default="native", kw_only=True)
    models_path: str | None = attrs.field(default="/models", converter=_path, kw_only=True)
    apis: Mapping[str, Api] = attrs.field(factory=dict, converter=_apis, kw_only=True)
    api: str | None = attrs.field(default=None, kw_only=True)
    embed: Endpoint | None = attrs.field(default=None, converter=_endpoint, kw_only=True)
    rerank: Endpoint | None = attrs.field(default=None, converter=_endpoint, kw_only=True)
    count_tokens: Endpoint | None = attrs.field(default=None, converter=_endpoint, kw_only=True)
    upload: Endpoint | None = attrs.field(default=None, converter=_endpoint, kw_only=True)
    jobs: Endpoint | None = attrs.field(default=None, converter=_endpoint, kw_only=True)
    max_bytes: Mapping[str, int] = attrs.field(factory=dict, kw_only=True)
    default_model: str | None = attrs.field(default=None, kw_only=True)
    vision_model: str | None = attrs.field(default=None, kw_only=True)
    model_env: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    transport: str = attrs.field(default="http", kw_only=True)
    quirks: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    errors: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    zero_limit_is_quota: bool = attrs.field(default=False, kw_only=True)
    request_id_header: str | None = attrs.field(default=None, kw_only=True)
    idempotency_header: str | None = attrs.field(default=None, kw_only=True)
    key_note: str | None = attrs.field(default=None, kw_only=True)
    model_note: str | None = attrs.field(default=None, kw_only=True)
    retired: str | None = attrs.field(default=None, kw_only=True)
    checked: str | None = attrs.field(default=None, kw_only=True)
    docs: str | None = attrs.field(default=None, kw_only=True)
    sources: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    notes: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)
    unconfirmed: tuple[str, ...] = attrs.field(default=(), converter=_strings, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.id or "/" in self.id or self.id != self.id.strip():
            raise ConfigurationError(f"provider id {self.id!r} must be a name without '/' and surrounding blanks")
        check_base_url(self.base_url, "base_url")
        if self.base_url.endswith("/"):
            raise ConfigurationError(f"base_url must not end with '/', got {self.base_url!r}")
        for field in ("chat_path", "stream_path", "models_path"):
            path = getattr(self, field)
            if path is not None and not path.startswith("/"):
                raise ConfigurationError(f"{field} of provider {self.id!r} must start with '/', got {path!r}")

    def with_api(self, name: str) -> ProviderConfig:
        """Return the configuration for another of the provider's chat APIs; raise ConfigurationError without it."""
        api = self.apis.get(name)
        if api is None:
            known = ", ".join(self.apis) or "only its usual one"
            raise ConfigurationError(
                f"{self.display_name} has no api {name!r}; it has {known}", code="unknown_api", provider=self.id
            )
        fields = attrs.asdict(api, recurse=False)
        changes = {field: value for field, value in fields.items() if value is not None or field in _API_SPECIFIC}
        if any(fields[field] is not None for field in _RELOCATING):
            changes |= dict.fromkeys(("embed", "rerank", "count_tokens", "upload", "jobs"))
        if api.base_url is not None and api.models_path is None:
            changes["models_path"] = None
        if api.dialect != self.dialect and (self.count_tokens is None or self.count_tokens.format != api.dialect):
            changes["count_tokens"] = None
        return attrs.evolve(self, api=name, **changes)

    @property
    def kind(self) -> Literal["config", "independent"]:
        """The kind of adapter: "config" where data alone adapts OpenAI's dialect, "independent" for another dialect."""
        return "config" if self.dialect == _STANDARD_DIALECT else "independent"

    @property
    def owner(self) -> str:
        """The key of opaque data on messages: data of one API means nothing to another."""
        return f"{self.id}/{self.api}" if self.api else self.id

    @property
    def display_name(self) -> str:
        """The name to show to people."""
        return self.name or self.id

    @property
    def model_variables(self) -> tuple[str, ...]:
        """Variables that name the default model: `model_env`, `<ID>_MODEL`, and `X_MODEL` for a key in `X_API_KEY`."""
        prefixes = [self.id.upper().replace("-", "_")]
        prefixes += [name.removesuffix("_API_KEY") for name in self.key_env if name.endswith("_API_KEY")]
        return tuple(dict.fromkeys([*self.model_env, *(f"{prefix}_MODEL" for prefix in prefixes)]))

    @property
    def url_fields(self) -> tuple[str, ...]:
        """The names of the placeholders in `base_url`."""
        return tuple(field for _, field, _, _ in Formatter().parse(self.base_url) if field)

    def url_values(self, used: str) -> dict[str, str] | None:
        """Return the values of the placeholders in the URL in use, such as the region; None for a custom server."""
        pattern = ""
        for text, field, _, _ in Formatter().parse(self.base_url):
            pattern += re.escape(text)
            if field:  # a name that occurs twice must have the same value
                pattern += f"(?P={field})" if f"(?P<{field}>" in pattern else f"(?P<{field}>[^/]+)"
        match = re.fullmatch(pattern, used)
        return match.groupdict() if match is not None else None

    def resolve_url(self, used: str, url: str) -> str:
        """Return another base URL of the configuration with the values that the placeholders have in the one in use.

        For a custom server, or another region's, the result is that server with the other path: the user's key is sent
        nowhere else.
        """
        values = self.url_values(used)
        if values is not None:
            return url.format(**values)
        return used.removesuffix(urlsplit(self.base_url).path) + urlsplit(url).path
