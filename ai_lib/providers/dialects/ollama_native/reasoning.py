"""Reasoning, as `think`: on or off, or an effort.

Source: https://docs.ollama.com/capabilities/thinking
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Refuse

__all__ = ["encode_reasoning"]

_THINK: dict[str, bool | str] = {
    "none": False,
    "disabled": False,
    "enabled": True,
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
}


def encode_reasoning(reasoning: str | int, refuse: Refuse) -> dict[str, Any]:
    """Return the field that requests reasoning; other efforts and numbers of tokens are refused."""
    if isinstance(reasoning, str) and reasoning in _THINK:
        return {"think": _THINK[reasoning]}
    refuse("reasoning", f"the server supports only {', '.join(_THINK)}, not {reasoning!r}")
    return {}
