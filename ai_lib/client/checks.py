"""What a client and its calls are given, checked before anything is made or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import ConfigurationError, InvalidRequestError
from ai_lib.utils.clock import Clock

__all__ = ["check_on_unsupported", "checked_settings", "tags_from"]

_ON_UNSUPPORTED = ("raise", "warn", "drop")
_HOOKS = ("on_request", "on_response", "on_chunk", "on_error")


def checked_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client is made with, the interceptors as a tuple.

    Args:
        given: The arguments of `AiClient`.

    Raises:
        ConfigurationError: One of them is of another kind; those with a check of their own are left to it.
    """
    check_on_unsupported(given["on_unsupported"])
    for name, kind in _kinds(given).items():
        value = given[name]
        if value is not None and not isinstance(value, kind):
            hint = "; give its clock()" if name == "clock" and hasattr(value, "clock") else ""
            raise ConfigurationError(f"{name} must be a {kind.__name__}, not {type(value).__name__}{hint}")
    if given["route"] is not None and hasattr(given["provider"], "first"):
        raise ConfigurationError("an array as provider is the route already: give one of the two")
    if given["listener"] is not None and not callable(given["listener"]):
        raise ConfigurationError("listener must be a function that takes an Event")
    return {**given, "interceptors": _interceptors(given["interceptors"])}


def _kinds(given: Mapping[str, Any]) -> dict[str, type]:
    kinds: dict[str, type] = {"model": str, "options": ConnectionOptions, "clock": Clock}
    # Their modules are imported only where they are used.
    if given["resilience"] is not None:
        from ai_lib.reliability.config import ResilienceConfig

        kinds["resilience"] = ResilienceConfig
    if given["catalogue"] is not None:
        from ai_lib.models.catalogue import Catalogue

        kinds["catalogue"] = Catalogue
    return kinds


def _interceptors(given: Any) -> tuple[Any, ...]:
    if not isinstance(given, Iterable):
        raise ConfigurationError("interceptors takes several: give a list of them")
    interceptors = tuple(given)
    for one in interceptors:
        if not all(callable(getattr(one, hook, None)) for hook in _HOOKS):
            raise ConfigurationError(
                f"an interceptor has the hooks of ai_lib.Interceptor; {type(one).__name__} has not: derive it from that"
            )
    return interceptors


def check_on_unsupported(given: object) -> None:
    """Check the word for what to do with what a provider has no form for.

    Raises:
        ConfigurationError: It is another one.
    """
    if given not in _ON_UNSUPPORTED:
        raise ConfigurationError(f"on_unsupported must be one of {', '.join(_ON_UNSUPPORTED)}, got {given!r}")


def tags_from(given: Any) -> tuple[str, ...]:
    """Return the tags of a call, each once; they may be one word.

    Raises:
        InvalidRequestError: They are no words.
    """
    tags = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidRequestError(f"tags must be a text or texts, got {given!r}")
    return tuple(dict.fromkeys(tags))
