"""Choosing a model for each request, out of several and by what the request needs."""

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
        raise ConfigurationError("models of a ModelRouter are several names in a list")
    return tuple(models)


@attrs.frozen
class ModelRouter:
    """Chooses a model for each request; the route of a client: `AiClient("openai", route=ModelRouter([...]))`.

    A model that is known not to be able to do what a request needs (tools, images, a form of the answer, so long a
    prompt) is not offered to the strategy. When the chosen one fails in a way that another may mend, the strategy
    chooses again among the rest.

    Args:
        models: Their names: models of the client's provider, or "provider/model". Empty means all chat models that the
            catalogue has of the client's provider and that are not switched off.
        strategy: Who chooses: a `ModelSelectionStrategy`, or the name of a preset such as "cost" or "round_robin".
        capabilities: What a model must be known to do, whatever the request needs.
        max_tries: Most models that one request is sent to.
    """

    models: tuple[str, ...] = attrs.field(default=(), converter=_names)
    strategy: Any = attrs.field(default="round_robin", kw_only=True)
    capabilities: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    max_tries: int = attrs.field(default=2, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.max_tries < 1:
            raise ConfigurationError(f"max_tries must be from 1, got {self.max_tries!r}")


def needs_of(request: ChatCompletionRequest) -> Iterator[str]:
    """Yield the capabilities that a request cannot be answered without."""
    if request.tools:
        yield "tools"
    kinds = {type(part) for message in request.messages for part in message.content}
    for kind, capability in ((Image, "vision"), (Audio, "audio"), (Document, "pdf")):
        if kind in kinds:
            yield capability


def fitting(models: Iterable[ModelInfo], request: ChatCompletionRequest) -> list[ModelInfo]:
    """Return the models that are not known to be unfit for a request.

    Where a schema is wanted, those that have a form for it come alone; without any, the others are asked for it in
    words.
    """
    needs = list(needs_of(request))
    fit = [model for model in models if _can(model, needs) and _long_enough(model, request)]
    wanted = request.response_format
    if wanted is None or wanted.kind != "json_schema":
        return fit
    return [model for model in fit if _can(model, ["json_schema"])] or fit


def _can(model: ModelInfo, needs: Iterable[str]) -> bool:
    return all(model.supports(need) is not False for need in needs)


def _long_enough(model: ModelInfo, request: ChatCompletionRequest) -> bool:
    if model.context_window is None:
        return True
    # Four bytes a token is a little less than text needs: near the limit the model is offered, and may refuse.
    size = sum(len(message.text) for message in request.messages) // 6
    return size + (request.max_tokens or 0) <= model.context_window
