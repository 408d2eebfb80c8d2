"""From what a user writes ("groq", "openai/gpt-4o-mini", Provider.GROQ, nothing at all) to a provider and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ai_lib.errors import ConfigurationError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs, get_config, is_provider
from ai_lib.utils.env import first_set

if TYPE_CHECKING:
    from ai_lib.providers.names import Provider

__all__ = ["ResolvedProvider", "resolve_provider"]


@attrs.frozen
class ResolvedProvider:
    """A provider and, where one was named, a model.

    Args:
        config: The provider.
        model: The model; None means the default.
    """

    config: ProviderConfig
    model: str | None = None


def resolve_provider(provider: str | Provider | ProviderConfig | None) -> ResolvedProvider:
    """Return the provider and the model that were named.

    Args:
        provider: An id or alias, "provider/model" (split at the first slash), a configuration, or None for what the
            environment says: AI_LIB_MODEL, else the only chat provider whose key is set, else the embedded model.

    Raises:
        ConfigurationError: There is no such provider, or the environment does not determine one.
    """
    if isinstance(provider, ProviderConfig):
        return ResolvedProvider(provider)
    if provider is None:
        return _from_environment()
    if not isinstance(provider, str):
        raise ConfigurationError(
            f"provider must be a name, a Provider, a ProviderConfig, or an object with chat() and stream(), "
            f"not {type(provider).__name__}"
        )
    name, slash, model = provider.partition("/")
    if slash and not model:
        raise ConfigurationError(f"{provider!r} has no model after the slash; write 'provider/model'")
    return ResolvedProvider(get_config(name), model or None)


def _from_environment() -> ResolvedProvider:
    variable = first_set(["AI_LIB_MODEL"])
    if variable is not None:
        if not is_provider(variable[1].partition("/")[0]):
            raise ConfigurationError(
                f"AI_LIB_MODEL must be 'provider' or 'provider/model', and {variable[1]!r} names no known provider"
            )
        return resolve_provider(variable[1])
    chat_providers = [config for config in configs() if config.retired is None and config.chat_path is not None]
    usable = [config for config in chat_providers if first_set(config.key_env)]
    if len(usable) == 1:
        return ResolvedProvider(usable[0])
    if usable:
        names = ", ".join(config.id for config in usable)
        raise ConfigurationError(
            f"keys of several providers are set ({names}); name one: AiClient({usable[0].id!r}), or set AI_LIB_MODEL"
        )
    from ai_lib.transport.embedded import missing_packages  # only where no key is set

    embedded = [config for config in configs() if config.transport == "embedded"]
    if embedded and not missing_packages():
        return ResolvedProvider(embedded[0])
    raise ConfigurationError(
        "no provider: name one, as in AiClient('groq'); or set its key, such as GROQ_API_KEY; "
        "or install the model that runs on this machine (see `ai-lib local`)",
        code="no_provider",
    )
