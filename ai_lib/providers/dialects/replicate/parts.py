"""Content parts as inputs: images, which the inputs of some models take."""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.replicate.quirks import Quirks
from ai_lib.providers.reading import match_model
from ai_lib.types.content import Audio, Document, Image
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_images"]


def encode_images(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the input for the images of all messages.

    Args:
        request: The request.
        quirks: The names of the inputs.
        refuse: Called for each part that the model has no input for.
    """
    name, model = match_model(quirks.images, request.model) or "", request.model
    images: list[str] = []
    for part in [part for message in request.messages for part in message.content]:
        if part.cache is not None:
            refuse("cache", "the provider has no prompt cache to control")
        if isinstance(part, Audio | Document):
            refuse(f"{type(part).__name__.lower()} content", "pass it in extensions, as an input of the model")
        if not isinstance(part, Image):
            continue
        if part.detail is not None:
            refuse("image detail", "models have no such input")
        if not name:
            refuse("image content", f"{model} is not known to accept images; see its inputs")
        elif part.file_id is not None:
            refuse("image file_id", "images must be URLs or bytes")
        elif images and not name.endswith("[]"):
            refuse("image content", f"{model} accepts one image")
        else:
            images.append(part.data_url)
    if not images:
        return {}
    return {name.removesuffix("[]"): images if name.endswith("[]") else images[0]}
