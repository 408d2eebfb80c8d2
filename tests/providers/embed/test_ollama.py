"""Embeddings of Ollama's own API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError, UnsupportedFeatureError
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.embedding import EmbeddingRequest
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("ollama")
EMBED = load_operation("embed", "ollama")


def embed_body(on_unsupported: Any = "raise", **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    endpoint = get_config("ollama").embed
    assert endpoint is not None
    request = EmbeddingRequest(**{"model": "all-minilm", "inputs": ["a", "b"], **fields})
    sent, left_out = ADAPTER.operation_request(endpoint, EMBED, request, on_unsupported)
    assert sent.url.endswith("/api/embed")
    return json.loads(sent.body or b""), left_out


def embedded(payload: Any) -> Any:
    endpoint = get_config("ollama").embed
    assert endpoint is not None
    return ADAPTER.decode_operation(endpoint, EMBED, HttpResponse(status=200, body=json.dumps(payload).encode()))


def test_texts_are_embedded_whole_unless_the_caller_allows_truncation() -> None:
    assert embed_body(dimensions=256)[0] == {
        "model": "all-minilm",
        "input": ["a", "b"],
        "dimensions": 256,
        "truncate": False,
    }
    assert embed_body(extensions={"truncate": True})[0]["truncate"] is True


@pytest.mark.parametrize("fields", [{"task": "query"}, {"user": "u"}])
def test_an_unsupported_field_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=next(iter(fields))):
        embed_body(**fields)


def test_vectors_are_read_with_their_usage() -> None:
    answer = embedded({"model": "all-minilm", "embeddings": [[0.5, 1], [2, 3]], "prompt_eval_count": 8})

    assert answer.vectors == ((0.5, 1.0), (2.0, 3.0))
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == ("all-minilm", 8, 8)
    assert embedded({"embeddings": [[1]]}).usage is None


@pytest.mark.parametrize("payload", [{"embeddings": [[]]}, {"embeddings": ["x"]}, {"embedding": [1]}, []])
def test_a_payload_without_vectors_is_an_invalid_response(payload: Any) -> None:
    with pytest.raises(InvalidResponseError):
        embedded(payload)
