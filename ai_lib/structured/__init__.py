"""Answers in the form of a type: a JSON Schema out of it, and the answer's text into it. May import `types`."""

from ai_lib.structured.formats import response_format_from

__all__ = ["response_format_from"]
