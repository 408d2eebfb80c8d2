"""All dialects have the same module names, and the same names inside: whoever knows one finds the way in all."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from ai_lib.providers import dialects

FOLDER = Path(dialects.__file__).parent
DIALECTS = sorted(folder.name for folder in FOLDER.iterdir() if (folder / "__init__.py").is_file())
REQUIRED = {"encode", "messages", "decode", "stream", "usage", "quirks"}
OPTIONAL = {"parts", "reasoning", "models"}
# What each module offers under the same name in every dialect.
NAMES = {
    "encode": {"encode"},
    "messages": {"encode_messages"},
    "parts": {"encode_part"},
    "reasoning": {"encode_reasoning"},
    "decode": {"decode"},
    "stream": {"decode_stream"},
    "usage": {"decode_usage"},
    "quirks": {"Quirks", "quirks_from"},
    "models": {"decode_models"},
}


def modules_of(dialect: str) -> set[str]:
    return {file.stem for file in (FOLDER / dialect).glob("*.py")} - {"__init__"}


def test_there_are_eight_dialects() -> None:
    assert len(DIALECTS) == 8


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_has_the_module_names_of_the_skeleton_and_no_others(dialect: str) -> None:
    modules = modules_of(dialect)

    assert modules >= REQUIRED
    assert modules <= REQUIRED | OPTIONAL


@pytest.mark.parametrize(
    ("dialect", "module"), [(dialect, module) for dialect in DIALECTS for module in sorted(modules_of(dialect))]
)
def test_a_module_offers_the_names_that_it_has_in_every_dialect(dialect: str, module: str) -> None:
    names = set(import_module(f"ai_lib.providers.dialects.{dialect}.{module}").__all__)

    assert names >= NAMES[module]
