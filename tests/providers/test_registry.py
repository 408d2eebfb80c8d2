"""Looking a provider up by name."""

import pytest

from ai_lib.errors import ConfigurationError
from ai_lib.providers.registry import get_config


def test_a_retired_provider_is_an_error_with_the_date():
    with pytest.raises(ConfigurationError, match=r"GitHub Models ended its service on 2026-07-30\. Use another"):
        get_config("github")


def test_an_unknown_name_suggests_similar_ones():
    with pytest.raises(ConfigurationError, match="no provider 'opnai'; did you mean openai"):
        get_config("opnai")


def test_a_name_like_no_other_gets_the_command_that_lists_all():
    with pytest.raises(ConfigurationError, match="`ai-lib providers` lists them all"):
        get_config("zzzzzzzzzzzz")
