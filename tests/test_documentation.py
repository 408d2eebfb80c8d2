"""What docs/architecture.md says is true: its paths exist, its layers are those of setup.cfg, its examples run."""

import configparser
import re
from pathlib import Path

import pytest

import ai_lib
from ai_lib.transport import HttpTransport

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ai_lib"
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LISTING, LAYERS = re.findall(r"^```\n(.*?)^```$", TEXT, re.M | re.S)[:2]
PATHS = sorted(set(re.findall(r"`([\w./]+(?:\.(?:py|cfg|md)|/))`", TEXT)))
CODE = re.compile(r"`([^`]+)`")
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in re.findall(r"^\|.*\|$", TEXT.partition("| reference |")[2], re.M)[1:]
]
REFERENCE = {
    "AiClient", "AiClient::new", "AiClient::with_options", "AiClientBuilder", "Provider", "ConnectionOptions",
    "types::request", "types::response", "types::common", "api::chat", "provider::*", "provider::models",
    "provider::configs", "circuit_breaker", "rate_limiter", "error_handling", "is_retryable", "transport::*",
    "HttpTransport", "DynHttpTransport", "TransportError", "metrics", "Metrics", "Timer", "incr_counter", "start_timer",
    "utils::file", "ModelArray", "ModelEndpoint", "LoadBalancingStrategy", "ModelInfo", "ModelSelectionStrategy",
    "select_model",
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_the_architecture_names_exists(path):
    assert (ROOT / path).exists() or (PACKAGE / path).exists()


def test_the_listing_names_every_folder_and_the_modules_where_they_are():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    entries = re.split(r"^  (?=\w+/)", LISTING, flags=re.M)[1:]
    listed = {name: re.findall(r"\b\w+\.py\b", entry) for name, _, entry in (entry.partition("/") for entry in entries)}
    top_level = {path.name for path in PACKAGE.glob("*.py")}

    assert listed.keys() == folders
    assert [
        f"{folder}/{module}"
        for folder, modules in listed.items()
        for module in modules
        if not (PACKAGE / folder / module).exists() and module not in top_level
    ] == []


def test_the_layers_are_those_of_the_import_contract():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")

    assert LAYERS.strip() == config["importlinter:contract:layers"]["layers"].strip()


def test_the_reference_table_has_every_module_and_name_of_the_reference():
    names = {name for row in TABLE for name in CODE.findall(row[0])}

    assert names >= REFERENCE


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].replace("`", ""))
def test_a_row_of_the_reference_table_has_a_path_and_examples_that_run(row, monkeypatch):
    _, here, examples = row
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    names = {name: getattr(ai_lib, name) for name in ai_lib.__all__} | {"HttpTransport": HttpTransport}

    assert CODE.findall(here)
    for example in CODE.findall(examples):
        exec(example, names)
