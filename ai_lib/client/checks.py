"""Validation of the arguments of a client and of its calls, before anything is made or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import ConfigurationError, InvalidRequestError
from ai_lib.utils.clock import Clock

__all__ = ["check_arguments", "check_on_unsupported", "tags_from"]

_ON_UNSUPPORTED = ("raise", "warn", "drop")
_HOOKS = ("on_request", "on_response", "on_chunk", "on_error")


def check_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a client, the interceptors as a tuple.

    Args:
        arguments: The arguments of `AiClient`.

    Raises:
        ConfigurationError: One has the wrong type; those with a check of their own are left to it.
    """
    check_on_unsupported(arguments["on_unsupported"])
    types: dict[str, type] = {"model": str, "options": ConnectionOptions, "clock": Clock}
    # Their modules are imported only where they are used.
    if arguments["resilience"] is not None:
        from ai_lib.reliability.config import ResilienceConfig

        types["resilience"] = ResilienceConfig
    if arguments["catalogue"] is not None:
        from ai_lib.models.catalogue import Catalogue

        types["catalogue"] = Catalogue
    for name, expected in types.items():
        value = arguments[name]
        if value is not None and not isinstance(value, expected):
            hint = "; pass its clock()" if name == "clock" and hasattr(value, "clock") else ""
            raise ConfigurationError(f"{name} must be a {expected.__name__}, not {type(value).__name__}{hint}")
    if arguments["route"] is not None and hasattr(arguments["provider"], "connect_first"):
        raise ConfigurationError("pass a ModelArray as provider or as route, not both")
    if arguments["listener"] is not None and not callable(arguments["listener"]):
        raise ConfigurationError("listener must be a function that takes an Event")
    if not isinstance(arguments["interceptors"], Iterable):
        raise ConfigurationError("interceptors must be a list of interceptors")
    interceptors = tuple(arguments["interceptors"])
    for interceptor in interceptors:
        if not all(callable(getattr(interceptor, hook, None)) for hook in _HOOKS):
            raise ConfigurationError(f"{type(interceptor).__name__} is not an Interceptor; subclass ai_lib.Interceptor")
    return {**arguments, "interceptors": interceptors}


def check_on_unsupported(value: object) -> None:
    """Check the setting for fields that a provider does not support.

    Raises:
        ConfigurationError: It is not one of "raise", "warn" and "drop".
    """
    if value not in _ON_UNSUPPORTED:
        raise ConfigurationError(f"on_unsupported must be one of {', '.join(_ON_UNSUPPORTED)}, got {value!r}")


def tags_from(value: Any) -> tuple[str, ...]:
    """Return the tags of a call without duplicates; a string is one tag.

    Raises:
        InvalidRequestError: They are not strings.
    """
    tags = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidRequestError(f"tags must be a string or a list of strings, got {value!r}")
    return tuple(dict.fromkeys(tags))
