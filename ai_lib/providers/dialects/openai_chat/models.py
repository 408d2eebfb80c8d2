"""The list of models, from GET /models.

Source: https://platform.openai.com/docs/api-reference/models/list
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_chat.decode import is_error
from ai_lib.providers.reading import first_int, read_int
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models"]

# The names that Groq, Mistral, Novita, OpenRouter, Together, vLLM and others give to the two limits.
_CONTEXT_LENGTH = ("context_window", "context_length", "max_context_length", "max_model_len", "context_size")
_MAX_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_output_length")


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models from {data: [...]}, {models: [...]} or a bare list, whose entries may be names alone."""
    entries = payload.get("data", payload.get("models")) if isinstance(payload, Mapping) else payload
    if isinstance(payload, Mapping) and entries is None and is_error(payload):
        raise context.fail(payload)
    if not isinstance(entries, list):
        raise InvalidResponseError("the answer is not a list of models", code="not_a_model_list")
    models = []
    for entry in entries:
        fields = {"id": entry} if isinstance(entry, str) else entry
        if not fields.get("id"):
            continue
        best = fields.get("top_provider")  # OpenRouter
        limits = {**best, **fields} if isinstance(best, Mapping) else fields
        created, name = read_int(fields.get("created")), fields.get("name") or fields.get("display_name")
        window, output = (first_int(*(limits.get(key) for key in keys)) for keys in (_CONTEXT_LENGTH, _MAX_OUTPUT))
        owner = fields.get("owned_by")
        models.append(ModelInfo(fields["id"], context.provider, created, owner, name, window, output, raw=entry))
    return models
