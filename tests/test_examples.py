"""The examples and the blocks of README and docs run, without network, against a server that answers every request."""

import importlib.util
import re
from pathlib import Path

import pytest

from ai_lib import AiClient, ProviderConfig
from tests.support.default_server import answer_in_kind

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def load(file: Path):
    spec = importlib.util.spec_from_file_location(f"examples.{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_runs_and_prints_something(file, server, capsys):
    server.script(answer_in_kind)

    embed = {"format": "openai", "path": "/embeddings", "model": "e"}
    load(file).main(AiClient(ProviderConfig("gateway", base_url=server.url, default_model="m", embed=embed)))

    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_has_15_to_40_lines_and_says_what_it_needs(file):
    text = file.read_text(encoding="utf-8")

    assert 15 <= len(text.splitlines()) <= 40
    assert "Needs" in text.splitlines()[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.stem)
def test_the_python_blocks_of_a_document_run_in_order(document, server, monkeypatch, capsys, tmp_path):
    server.script(answer_in_kind)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4 report")
    for name in ("GROQ", "OPENAI", "ANTHROPIC", "COHERE"):
        monkeypatch.setenv(f"{name}_API_KEY", "k")
        monkeypatch.setenv(f"{name}_BASE_URL", server.url + ("/v1" if name in ("GROQ", "OPENAI") else ""))
    blocks = BLOCK.findall(document.read_text(encoding="utf-8"))
    namespace = {"__name__": "__main__"}

    for block in blocks:
        exec(compile(block, f"{document.name}", "exec"), namespace)

    assert document.name != "README.md" or len(blocks) >= 7


def test_the_readmes_links_lead_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_page_of_providers_is_not_stale():
    assert (ROOT / "docs" / "providers.md").read_text(encoding="utf-8") == load(ROOT / "docs" / "generate.py").page()
