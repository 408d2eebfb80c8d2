"""The shape of the package: small modules, short functions, names that say what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ai_lib
from ai_lib.providers.registry import configs

ROOT = Path(ai_lib.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
MAX_MODULE, MAX_FUNCTION = 300, 40


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def code_lines(module: Path) -> int:
    return sum(1 for line in module.read_text(encoding="utf-8").splitlines() if line.strip())


def body_lines(function: ast.FunctionDef) -> int:
    """Count a function's lines without its docstring."""
    first = function.body[0]
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or 0) - first.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - skipped


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_stays_small(module):
    assert code_lines(module) <= MAX_MODULE


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_functions_stay_short(module):
    long = [
        f"{node.name}: {body_lines(node)}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef) and body_lines(node) > MAX_FUNCTION
    ]

    assert long == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.name != "__init__.py"], ids=name_of)
def test_a_module_says_what_it_is_for_and_what_is_public(module):
    parsed = tree(module)
    assigned = [
        t.id for node in parsed.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)
    ]

    assert ast.get_docstring(parsed)
    assert "__all__" in assigned


def test_a_providers_name_occurs_in_no_branch():
    names = {config.id for config in configs()} | {alias for config in configs() for alias in config.aliases}
    found = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Compare)
        for side in [node.left, *node.comparators]
        for constant in ast.walk(side)
        if isinstance(constant, ast.Constant) and constant.value in names
    ]

    assert found == []


def test_the_import_contracts_hold():
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()",
         "--config", "setup.cfg", "--no-cache"],
        cwd=ROOT.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
