"""The choice of a model for each request, by what the request needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ai_lib.errors import ConfigurationError
from ai_lib.types.content import Audio, Document, Image
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["ModelRouter", "fitting", "needs_of"]


def _names(models: Iterable[str]) -> tuple[str, ...]:
    if isinstance(models, str):
        raise ConfigurationError("models of a ModelRouter must be a list of names")
    return tuple(models)


@attrs.frozen
class ModelRouter:
    """Chooses a model for each request; the route of a client: `AiClient("openai", route=ModelRouter([...]))`.

    A model that is known not to support what a request needs (tools, images, a format, so long a prompt) is not offered
    to the strategy. When the chosen one fails with an error that another may not have, the strategy chooses again among
    the rest.

    Args:
        models: Names of models of the client's provider, or "provider/model". Empty means all chat models of the
            client's provider that the catalogue has and that are not retired.
        strategy: A `ModelSelectionStrategy`, or the name of a preset such as "cost" or "round_robin".
        capabilities: Capabilities that a model must be known to have, whatever the request needs.
        max_tries: Maximum models that one request is sent to; a positive integer.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    models: tuple[str, ...] = attrs.field(default=(), converter=_names)
    strategy: Any = attrs.field(default="round_robin", kw_only=True)
    capabilities: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    max_tries: int = attrs.field(default=2, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.max_tries < 1:
            raise ConfigurationError(f"max_tries must be a positive integer, got {self.max_tries!r}")


def needs_of(request: ChatCompletionRequest) -> Iterator[str]:
    """Yield the capabilities that a request needs."""
    if request.tools:
        yield "tools"
    kinds = {type(part) for message in request.messages for part in message.content}
    for kind, capability in ((Image, "vision"), (Audio, "audio"), (Document, "pdf")):
        if kind in kinds:
            yield capability


def fitting(models: Iterable[ModelInfo], request: ChatCompletionRequest) -> list[ModelInfo]:
    """Return the models that are not known to be unfit for a request.

    For a request with a schema these are the models that support one natively; where there are none, all others: they
    get it in the prompt.
    """
    needs = list(needs_of(request))
    fit = [model for model in models if _can(model, needs) and _long_enough(model, request)]
    response_format = request.response_format
    if response_format is None or response_format.kind != "json_schema":
        return fit
    return [model for model in fit if _can(model, ["json_schema"])] or fit


def _can(model: ModelInfo, needs: Iterable[str]) -> bool:
    return all(model.supports(need) is not False for need in needs)


def _long_enough(model: ModelInfo, request: ChatCompletionRequest) -> bool:
    if model.context_window is None:
        return True
    # Fewer tokens than text has: a model near its limit is offered, and may refuse the prompt.
    size = sum(len(message.text) for message in request.messages) // 6
    return size + (request.max_tokens or 0) <= model.context_window
