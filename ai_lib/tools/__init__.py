"""Functions that a model may call. May import `types`."""

from ai_lib.tools.function import tool, tools_from

__all__ = ["tool", "tools_from"]
