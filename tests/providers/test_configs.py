"""The files in ai_lib/providers/configs, taken together: what one file alone cannot get right."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from importlib import resources

import pytest

from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.dialects.openai_chat.quirks import Quirks, quirks_from
from ai_lib.providers.dialects.openai_chat.reasoning import REASONING
from ai_lib.providers.errors.classify import ERROR_KINDS, classify
from ai_lib.providers.names import Provider
from ai_lib.providers.registry import configs, get_config, load_dialect

FILES = {
    file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
    for file in (resources.files("ai_lib.providers") / "configs").iterdir()
    if file.name.endswith(".toml")
}
CONFIGS = {config.id: config for config in configs()}
IN_USE = {provider: config for provider, config in CONFIGS.items() if config.retired is None}
OVER_HTTP = {provider: config for provider, config in IN_USE.items() if config.transport == "http"}
OPENAI_CHAT = {provider: config for provider, config in CONFIGS.items() if config.dialect == "openai_chat"}

REJECTABLE = {
    *("temperature", "top_p", "max_tokens", "seed", "n", "presence_penalty", "frequency_penalty", "logit_bias"),
    *("logprobs", "top_logprobs", "parallel_tool_calls", "user", "metadata"),
    *("stop", "tools", "reasoning", "name", "refusal", "strict"),
}

every_file = pytest.mark.parametrize("provider", sorted(FILES))
every_chat_file = pytest.mark.parametrize("provider", sorted(OPENAI_CHAT))


def repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


# --- each file


@every_file
def test_every_file_loads_and_its_dialect_knows_its_quirks(provider: str) -> None:
    config = CONFIGS[provider]

    assert config.id == provider
    load_dialect(config.dialect).quirks(config.quirks)


@every_file
def test_a_file_says_only_what_differs_from_the_defaults(provider: str) -> None:
    config, bare = CONFIGS[provider], ProviderConfig("bare", base_url="http://bare")

    assert [key for key in FILES[provider] if getattr(config, key) == getattr(bare, key)] == []


@every_chat_file
def test_a_table_of_quirks_says_only_what_differs_from_the_defaults(provider: str) -> None:
    table = CONFIGS[provider].quirks
    quirks, bare = quirks_from(table), Quirks()

    assert [key for key in table if getattr(quirks, key) == getattr(bare, key)] == []


@every_chat_file
def test_quirks_name_only_things_that_exist(provider: str) -> None:
    quirks = quirks_from(CONFIGS[provider].quirks)

    assert (
        {quirks.reasoning} <= set(REASONING)
        if isinstance(quirks.reasoning, str)
        else (set(quirks.reasoning.values()) <= set(REASONING))
    )
    assert quirks.cache_marks <= {"5m", "1h"}
    assert quirks.accepts <= {"top_k"}
    assert quirks.rejects <= REJECTABLE
    assert set(quirks.rename) <= REJECTABLE
    assert quirks.tool_choice <= {"auto", "none", "required", "named"}
    assert quirks.media <= {"image", "audio", "document"}


@every_file
def test_a_file_says_when_and_against_what_it_was_checked(provider: str) -> None:
    config = CONFIGS[provider]

    assert config.checked is not None
    assert date.fromisoformat(config.checked).isoformat() == config.checked
    assert config.docs or config.sources


@every_file
def test_error_kinds_are_known_words(provider: str) -> None:
    assert set(CONFIGS[provider].errors.values()) <= set(ERROR_KINDS)


@every_file
def test_error_codes_do_not_repeat_the_general_table(provider: str) -> None:
    # A code that the general table knows gives the same class whatever the status.
    known = {code: classify(404, (code,)) for code in CONFIGS[provider].errors}
    known = {code: kind for code, kind in known.items() if classify(None, (code,)) is kind}

    assert [code for code, kind in known.items() if ERROR_KINDS[CONFIGS[provider].errors[code]] is kind] == []


@every_file
def test_every_gap_in_a_base_url_has_a_variable_that_fills_it(provider: str) -> None:
    config = CONFIGS[provider]

    assert set(config.url_fields) == {field for field, variables in config.url_env.items() if variables}


@pytest.mark.parametrize("provider", sorted(OVER_HTTP))
def test_every_base_url_can_be_replaced_from_the_environment(provider: str) -> None:
    assert OVER_HTTP[provider].base_url_env


@pytest.mark.parametrize("provider", sorted(OVER_HTTP))
def test_a_shell_can_set_a_key_variable_and_a_model_variable_of_every_provider(provider: str) -> None:
    config = OVER_HTTP[provider]

    for variables in (config.key_env, config.model_variables):
        assert not variables or any(re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) for name in variables)


# --- all files together


def test_a_key_variable_belongs_to_one_provider() -> None:
    assert repeated(name for config in CONFIGS.values() for name in config.key_env) == []


def test_a_base_url_variable_belongs_to_one_provider() -> None:
    assert repeated(name for config in CONFIGS.values() for name in config.base_url_env) == []


def test_a_model_variable_belongs_to_one_provider() -> None:
    assert repeated(name for config in CONFIGS.values() for name in config.model_variables) == []


def test_no_name_leads_to_two_providers() -> None:
    assert repeated([*CONFIGS, *(alias for config in CONFIGS.values() for alias in config.aliases)]) == []


@every_file
def test_every_alias_can_be_looked_up_in_any_spelling(provider: str) -> None:
    config = CONFIGS[provider]

    for alias in config.aliases if config.retired is None else ():
        assert get_config(alias) == config
        assert get_config(alias.upper().replace("_", "-")) == config


def test_the_enum_lists_the_files_that_are_not_retired_in_order() -> None:
    names = {member.name: member.value for member in Provider}

    assert names == {provider.upper(): provider for provider in IN_USE if provider != "302ai"} | {"AI302": "302ai"}
    assert list(names) == sorted(names)


def test_an_empty_path_in_a_file_means_that_there_is_no_list_of_models() -> None:
    assert FILES["minimax"]["models_path"] == ""
    assert CONFIGS["minimax"].models_path is None
