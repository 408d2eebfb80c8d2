"""Parts of a message: images as bare base64; nothing else but text is supported.

Source: https://docs.ollama.com/capabilities/vision
"""

from __future__ import annotations

from ai_lib.providers.dialect import Refuse
from ai_lib.types.content import Audio, Document, Image, Part

__all__ = ["encode_part"]


def encode_part(part: Part, refuse: Refuse) -> str | None:
    """Return an image as base64, or None for text, which is a part of the content, and for what cannot be sent."""
    if part.cache is not None:
        refuse("cache", "the server caches automatically")
    if isinstance(part, Audio | Document):
        refuse(f"{type(part).__name__.lower()} content", "the server accepts text and images only")
    if not isinstance(part, Image):
        return None
    if part.data is None:
        refuse("image url" if part.url else "image file_id", "images must be bytes; use Image.from_file()")
        return None
    if part.detail is not None:
        refuse("image detail", "the API has no such field")
    return part.base64
