"""What docs/architecture.md says of the tree is true: every path exists, every import works."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`(ai_lib/[\w/.]+)`", TEXT)))
IMPORTS = sorted(set(re.findall(r"`(from ai_lib[\w.]* import [\w, ]+)`", TEXT)))
MENTIONED = sorted(
    set(
        re.findall(
            r"`((?:client|api|routing|connection|exchange|reliability|providers|transport|types)/[\w/]+\.py)`", TEXT
        )
    )
)
LISTING = TEXT[TEXT.index("ai_lib/\n") : TEXT.index("```\n\n`setup.cfg`")]


@pytest.mark.parametrize("path", PATHS + [f"ai_lib/{path}" for path in MENTIONED])
def test_a_path_that_the_architecture_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_of_the_reference_table_works(statement):
    exec(statement, {})


def test_the_listing_names_every_folder_and_only_modules_that_exist():
    folders = {path.name for path in (ROOT / "ai_lib").iterdir() if path.is_dir() and path.name != "__pycache__"}
    listed = set(re.findall(r"^  (\w+)/", LISTING, re.M))
    modules = {path.name for path in (ROOT / "ai_lib").rglob("*.py")}

    assert listed == folders
    assert set(re.findall(r"\b\w+\.py\b", LISTING)) <= modules
