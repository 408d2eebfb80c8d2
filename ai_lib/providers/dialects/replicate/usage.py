"""Tokens, which only language models report.

Source: https://replicate.com/docs/reference/http#predictions.get
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(metrics: Any) -> Usage | None:
    """Return the tokens, or None where the metrics of a prediction hold none."""
    if not isinstance(metrics, Mapping):
        return None
    prompt = first_int(metrics.get("input_token_count"), metrics.get("token_input_count"))
    completion = first_int(metrics.get("output_token_count"), metrics.get("token_output_count"))
    return None if prompt is None and completion is None else read_usage(prompt, completion)
