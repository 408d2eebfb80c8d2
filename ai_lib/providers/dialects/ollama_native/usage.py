"""Token usage, whose counts are fields of the answer itself.

Source: https://docs.ollama.com/api/usage
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(payload: Mapping[str, Any]) -> Usage | None:
    """Return the tokens of an answer, or None where it has no counts; the server leaves out a count of zero."""
    prompt, completion = read_int(payload.get("prompt_eval_count")), read_int(payload.get("eval_count"))
    return None if prompt is None and completion is None else read_usage(prompt, completion)
