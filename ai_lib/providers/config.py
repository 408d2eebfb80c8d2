"""What distinguishes one provider from the next: data, read from one TOML file each, or made at run time."""

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


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _path_or_none(value: str | None) -> str | None:
    # TOML has no null, so a file says "there is none" with an empty string.
    return value or None


def check_base_url(url: str, origin: str) -> None:
    """Check that paths can be appended to an address, and that it holds no secret: it is shown in logs and errors.

    Args:
        url: The address.
        origin: What to call it in an error, which does not repeat what may be a secret.

    Raises:
        ConfigurationError: It is no such address.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("https", "http") or not rest:
        raise ConfigurationError(f"{origin} must start with https:// or http://")
    if "@" in rest.partition("/")[0]:
        raise ConfigurationError(
            f"{origin} must not hold a user name or password; send them as a header: "
            "ConnectionOptions(headers={'Authorization': 'Basic ...'})"
        )
    if "?" in rest or "#" in rest:
        raise ConfigurationError(f"{origin} must not hold '?' or '#': paths are appended to it")


def _plain_url(_: object, field: attrs.Attribute[str], value: str) -> None:
    check_base_url(value, field.name)
    if value.endswith("/"):
        raise ConfigurationError(f"{field.name} must not end with '/', got {value!r}")


# What an API says anew even when it says nothing: the usual API's would mean something else there.
_OWN_TO_API = frozenset({"dialect", "chat_path", "stream_path", "model_prefix", "quirks", "query", "query_env"})


# Where an API says one of these, the other endpoints' paths and the key would not fit together.
_ELSEWHERE = frozenset({"base_url", "key_env", "key_header", "key_prefix", "credentials"})


def _endpoint(table: Mapping[str, Any] | Endpoint | None) -> Endpoint | None:
    if not isinstance(table, Mapping):
        return table
    from ai_lib.providers.endpoint import Endpoint  # most providers used have none, and an import costs every program

    return Endpoint(**table)


def _apis(tables: Mapping[str, Mapping[str, Any] | Api]) -> dict[str, Api]:
    if not tables:
        return {}
    from ai_lib.providers.endpoint import Api  # as above

    return {name: Api(**table) if isinstance(table, Mapping) else table for name, table in tables.items()}


@attrs.frozen
class ProviderConfig:
    """One provider: where it is, how it takes its key, and which switches its dialect needs.

    For a gateway of your own, `id` and `base_url` suffice:

        client = AiClient(ProviderConfig("gateway", base_url="https://llm.example.com/v1", key_env="GATEWAY_KEY"))

    Args:
        id: The name that users write.
        base_url: What paths are appended to; `{name}` is filled in from the variables in `url_env`.
        name: The name for people to read; None means the id.
        dialect: The wire format.
        aliases: Further names for users to write.
        key_env: Environment variables that hold the key, the vendor's own first. A variable belongs to one provider.
        key_optional: Whether the provider works without a key.
        key_header: The header that carries the key.
        key_prefix: What stands before the key in it.
        bearer_env: Environment variables that hold a bearer token, which goes into Authorization instead of the key.
        credentials: What signs requests when there is no key: "aws" or "google"; None where only a key does.
        base_url_env: Environment variables that replace `base_url`.
        base_url_env_is_host: Whether those variables hold only the host, so that the path of `base_url` is appended.
        url_env: For each `{name}` in `base_url`, the environment variables that fill it.
        url_defaults: What fills a `{name}` when none of its variables is set.
        url_variants: Base URLs for certain values, under "name=value".
        headers: Headers sent with every request.
        headers_env: Headers sent when the environment variable beside each is set.
        query: What is added to the query of every address.
        query_env: The same, with the environment variable that replaces each value.
        chat_path: Where chat completions are asked for; `{model}` is the model, every reserved character escaped,
            `{model_path}` the same with its slashes left. None, or "" in a file, where there are none.
        stream_path: The same for streams; None means `chat_path`.
        model_prefix: What stands before the model in `{model_path}`, unless its name has a slash.
        streaming: "native", "emulated" where the service cannot stream, or "emulated_with_tools" where it cannot
            together with tools; an emulated stream is one whole answer as chunks.
        models_path: Where the list of models is; None, or "" in a file, where there is none.
        api: The one of `apis` that this configuration speaks; None for the usual one.
        apis: Further chat APIs, by the name to pass as `api`.
        embed: Where embeddings are made.
        rerank: Where documents are ranked.
        count_tokens: Where the tokens of a request are counted.
        upload: Where files are uploaded; its options may say `in_chat`, the parts of a message that may name an
            uploaded file ("image", "audio", "document"), `max_inline_bytes` and `lifetime`: see `upload.form.Options`.
        jobs: Where batch jobs are submitted; its options are in `jobs.format.Options`.
        max_bytes: Most bytes of an "image", "audio" or "document" inside a message, of a whole "request", and of an
            uploaded "file"; more is an error before anything is sent.
        default_model: The model used when the caller names none.
        vision_model: The model to suggest for images.
        model_env: Environment variables that replace `default_model`, beside those made from `id` and `key_env`.
        transport: "http", or "embedded" for the model that runs on this machine.
        quirks: The dialect's switches; see the dialect's `Quirks`.
        errors: The provider's own error codes, and statuses that mean something of its own, each with one of the words
            of `faults.ERROR_KINDS`.
        zero_limit_is_quota: Whether a limit of 0 in the headers of a 429 says that the plan lacks the model.
        request_id_header: The response header that holds the request id, where it is none of the usual ones.
        idempotency_header: The header in which the provider takes a key that is the same for every attempt of a call,
            so that one which arrives twice is worked on once; None where it takes none.
        key_note: What to tell users when the key is refused.
        model_note: What to tell users when there is no such model.
        retired: The date on which the service ended; using the provider then raises an error with `notes`.
        checked: The date on which the facts were last compared with their sources.
        docs: Where the vendor describes the API.
        sources: Where the facts come from.
        notes: What a user should know.
        unconfirmed: What no second source confirms.
    """

    id: str
    base_url: str = attrs.field(kw_only=True, validator=_plain_url)
    name: str | None = attrs.field(default=None, kw_only=True)
    dialect: str = attrs.field(default="openai_chat", kw_only=True)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    key_env: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    key_optional: bool = attrs.field(default=False, kw_only=True)
    key_header: str = attrs.field(default="Authorization", kw_only=True)
    key_prefix: str = attrs.field(default="Bearer ", kw_only=True)
    bearer_env: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    credentials: str | None = attrs.field(default=None, kw_only=True)
    base_url_env: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    base_url_env_is_host: bool = attrs.field(default=False, kw_only=True)
    url_env: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, kw_only=True)
    url_defaults: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    url_variants: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    headers_env: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    query: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    query_env: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    chat_path: str | None = attrs.field(default="/chat/completions", converter=_path_or_none, kw_only=True)
    stream_path: str | None = attrs.field(default=None, kw_only=True)
    model_prefix: str = attrs.field(default="", kw_only=True)
    streaming: Literal["native", "emulated", "emulated_with_tools"] = attrs.field(default="native", kw_only=True)
    models_path: str | None = attrs.field(default="/models", converter=_path_or_none, kw_only=True)
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
    model_env: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
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
    sources: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    notes: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    unconfirmed: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.id or "/" in self.id or self.id != self.id.strip():
            raise ConfigurationError(f"provider id {self.id!r} must be a name without '/' and blanks around it")
        for field in ("chat_path", "stream_path", "models_path"):
            path = getattr(self, field)
            if path is not None and not path.startswith("/"):
                raise ConfigurationError(f"{field} of provider {self.id!r} must start with '/', got {path!r}")

    def with_api(self, name: str) -> ProviderConfig:
        """Return the configuration for another of the provider's chat APIs.

        Raises:
            ConfigurationError: The provider has no such API.
        """
        api = self.apis.get(name)
        if api is None:
            known = ", ".join(self.apis) or "none but its usual one"
            raise ConfigurationError(
                f"{self.display_name} has no api {name!r}; it has {known}", code="unknown_api", provider=self.id
            )
        told = attrs.asdict(api, recurse=False)
        changes = {field: value for field, value in told.items() if value is not None or field in _OWN_TO_API}
        if _ELSEWHERE & {field for field, value in told.items() if value is not None}:
            changes |= dict.fromkeys(("embed", "rerank", "count_tokens", "upload", "jobs"))
        if api.base_url is not None and api.models_path is None:
            changes["models_path"] = None
        if api.dialect != self.dialect and (self.count_tokens is None or self.count_tokens.format != api.dialect):
            changes["count_tokens"] = None
        return attrs.evolve(self, api=name, **changes)

    @property
    def owner(self) -> str:
        """The name under which opaque data is kept on messages: what one API made, another cannot read."""
        return f"{self.id}/{self.api}" if self.api else self.id

    @property
    def display_name(self) -> str:
        """The name for people to read."""
        return self.name or self.id

    @property
    def model_variables(self) -> tuple[str, ...]:
        """Environment variables that name the default model: `<ID>_MODEL`, and one for each key variable's prefix."""
        prefixes = [self.id.upper().replace("-", "_")]
        prefixes += [name.removesuffix("_API_KEY") for name in self.key_env if name.endswith("_API_KEY")]
        return tuple(dict.fromkeys([*self.model_env, *(f"{prefix}_MODEL" for prefix in prefixes)]))

    @property
    def url_fields(self) -> tuple[str, ...]:
        """The names in braces in `base_url`."""
        return tuple(field for _, field, _, _ in Formatter().parse(self.base_url) if field)

    def url_values(self, used: str) -> dict[str, str] | None:
        """Return what fills the gaps of `base_url`, such as the region; None where another server is used.

        Args:
            used: The base URL in use.
        """
        pieces = ""
        for text, field, _, _ in Formatter().parse(self.base_url):
            known = f"(?P<{field}>" in pieces
            pieces += re.escape(text) + (f"(?P={field})" if known else f"(?P<{field}>[^/]+)" if field else "")
        ours = re.fullmatch(pieces, used)
        return ours.groupdict() if ours is not None else None

    def resolve_url(self, used: str, other: str) -> str:
        """Return another base URL of the provider's for the server that is used.

        The gaps in it are filled as those in `base_url` are. Where users named a server of their own, or another
        region's, it is that server with the other path: their key goes nowhere else.

        Args:
            used: The base URL in use.
            other: The other base URL as the configuration says it.
        """
        gaps = self.url_values(used)
        if gaps is not None:
            return other.format(**gaps)
        return used.removesuffix(urlsplit(self.base_url).path) + urlsplit(other).path
