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

__all__ = ["Target", "target_of"]


@attrs.frozen
class Target:
    """A provider and, where one was named, a model.

    Args:
        config: The provider.
        model: The model; None means the default.
    """

    config: ProviderConfig
    model: str | None = None


def target_of(provider: str | Provider | ProviderConfig | None) -> Target:
    """Return the provider and the model that were named.

    Args:
        provider: An id or alias, "provider/model" (split at the first slash), a configuration, or None for what the
            environment says: AI_LIB_MODEL, else the one provider with chat whose key is set, else the embedded model.

    Raises:
        ConfigurationError: There is no such provider, or the environment does not tell which.
    """
    if isinstance(provider, ProviderConfig):
        return Target(provider)
    if provider is None:
        return _from_environment()
    if not isinstance(provider, str):
        raise ConfigurationError(
            f"provider must be a name, a Provider or a ProviderConfig, not {type(provider).__name__}"
        )
    head, slash, model = provider.partition("/")
    if slash and not model:
        raise ConfigurationError(f"{provider!r} names no model after the slash")
    return Target(get_config(head), model or None)


def _from_environment() -> Target:
    named = first_set(["AI_LIB_MODEL"])
    if named is not None:
        if not is_provider(named[1].partition("/")[0]):
            raise ConfigurationError(
                f"AI_LIB_MODEL must be 'provider' or 'provider/model', and {named[1]!r} names no known provider"
            )
        return target_of(named[1])
    chats = [config for config in configs() if config.retired is None and config.chat_path is not None]
    usable = [config for config in chats if first_set(config.key_env)]
    if len(usable) == 1:
        return Target(usable[0])
    if usable:
        names = ", ".join(config.id for config in usable)
        raise ConfigurationError(
            f"keys of several providers are set ({names}); name one: AiClient({usable[0].id!r}), or set AI_LIB_MODEL"
        )
    embedded = next((config for config in configs() if config.transport == "embedded" and _installed()), None)
    if embedded is not None:
        return Target(embedded)
    raise ConfigurationError(
        "no provider: name one, as in AiClient('groq'); or set its key, such as GROQ_API_KEY; "
        "or install the model that runs on this machine (see `ai-lib local`)",
        code="no_provider",
    )


def _installed() -> bool:
    from ai_lib.transport.embedded import missing_packages

    return not missing_packages()
