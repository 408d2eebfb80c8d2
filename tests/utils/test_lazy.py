"""Names that a package imports on first use."""

import sys
from types import ModuleType

import pytest

from ai_lib.utils.lazy import lazy_exports


@pytest.fixture
def package(monkeypatch):
    module = ModuleType("ai_lib.example")
    monkeypatch.setitem(sys.modules, "ai_lib.example", module)
    module.__getattr__, module.__dir__ = lazy_exports("ai_lib.example", {"utils.clock": "SYSTEM_CLOCK Clock"})
    return module


def test_a_name_is_imported_when_it_is_used_and_then_kept(package):
    assert "Clock" not in vars(package)

    from ai_lib.utils.clock import Clock

    assert package.Clock is Clock
    assert vars(package)["Clock"] is Clock


def test_dir_lists_the_names_before_they_are_imported(package):
    assert {"Clock", "SYSTEM_CLOCK"} <= set(dir(package))


def test_an_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=r"module 'ai_lib\.example' has no attribute 'Clokc'"):
        package.Clokc  # noqa: B018
