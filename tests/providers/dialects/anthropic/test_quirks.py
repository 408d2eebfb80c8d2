"""The switches of the dialect."""

from __future__ import annotations

import pytest

from ai_lib.errors import ConfigurationError
from tests.providers.dialects.anthropic.bodies import adapter_with


def test_an_unknown_quirk_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="unknown quirk of dialect anthropic: sparkle"):
        adapter_with(sparkle=True)
