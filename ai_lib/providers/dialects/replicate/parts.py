"""Content parts as inputs: images, which the inputs of some models take."""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.replicate.quirks import Quirks
from ai_lib.providers.reading import match_model
from ai_lib.types.content import Audio, Document, Image, Part
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_images", "encode_part"]


def encode_images(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the input for the images of all messages."""
    name = match_model(quirks.images, request.model) or ""
    images: list[str] = []
    for part in [part for message in request.messages for part in message.content]:
        image = encode_part(part, request.model, name, refuse)
        if image is not None and images and not name.endswith("[]"):
            refuse("image content", f"{request.model} accepts one image")
        elif image is not None:
            images.append(image)
    if not images:
        return {}
    return {name.removesuffix("[]"): images if name.endswith("[]") else images[0]}


def encode_part(part: Part, model: str | None, name: str, refuse: Refuse) -> str | None:
    """Return an image as a URL; None for text, which is in the prompt, and for a refused part."""
    if part.cache is not None:
        refuse("cache", "the provider has no prompt cache to control")
    if isinstance(part, Audio | Document):
        refuse(f"{type(part).__name__.lower()} content", "pass it in extensions, as an input of the model")
    if not isinstance(part, Image):
        return None
    if part.detail is not None:
        refuse("image detail", "models have no such input")
    if name and part.file_id is None:
        return part.data_url
    if name:
        refuse("image file_id", "images must be URLs or bytes")
    else:
        refuse("image content", f"{model} is not known to accept images; see its inputs")
    return None
