"""A client of each wire format that a fake speaks, over a given transport."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib import AiClient, ConnectionOptions

__all__ = ["APIS", "client_of", "every_api"]

APIS: dict[str, dict[str, Any]] = {
    "openai_chat": {"provider": "openai"},
    "openai_responses": {"provider": "openai", "api": "responses"},
    "anthropic": {"provider": "anthropic"},
    "gemini": {"provider": "gemini"},
    "ollama_native": {"provider": "ollama", "model": "m"},
}
every_api = pytest.mark.parametrize("api", APIS)


def client_of(api: str, transport: Any, *, key: str = "a-long-key", **settings: Any) -> AiClient:
    options = ConnectionOptions(api_key=key, **settings.pop("options", {}))
    return AiClient(**APIS[api], options=options, transport=transport, **settings)
