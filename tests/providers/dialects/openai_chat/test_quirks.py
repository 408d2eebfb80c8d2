"""The switches of the dialect."""

from __future__ import annotations

import pytest

from ai_lib.errors import (
    ConfigurationError,
)
from ai_lib.providers.dialects.openai_chat.quirks import quirks_from


def test_an_unknown_quirk_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="unknown quirk of dialect openai_chat: strem_usage; known: accepts"):
        quirks_from({"strem_usage": True})
