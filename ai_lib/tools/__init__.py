"""Functions that a model may call, and the conversation in which it calls them.

May import `api`, `types`, `errors`, `schemas` and `utils`.
"""

from ai_lib.tools.function import tool

__all__ = ["tool"]
