"""Names that a package imports when they are first used, so that importing the package stays fast."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(package: str, exports: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a package that imports its names on first use (PEP 562).

        if TYPE_CHECKING:
            from ai_lib.transport.http import HttpTransport
        else:
            __getattr__, __dir__ = lazy_exports(__name__, {"transport.http": "HttpTransport"})

    The `else` matters: a type checker that sees `__getattr__` accepts every name, misspelled ones included.

    Args:
        package: The package's `__name__`.
        exports: For each module, relative to the top-level package, the names it provides, separated by spaces.
    """
    top_level = package.partition(".")[0]
    modules = {name: f"{top_level}.{module}" for module, names in exports.items() for name in names.split()}
    namespace = vars(sys.modules[package])

    def import_name(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Stored, so that the next use is an ordinary look-up.
        value = namespace[name] = getattr(import_module(modules[name]), name)
        return value

    def list_names() -> list[str]:
        return sorted({*namespace, *modules})

    return import_name, list_names
