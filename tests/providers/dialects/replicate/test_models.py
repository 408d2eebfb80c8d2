"""The lists of models."""

from __future__ import annotations

import json

import pytest

from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for


@pytest.mark.parametrize("field", ["models", "results"])
def test_models_are_listed_with_their_owner(field: str) -> None:
    entries = [{"owner": "meta", "name": "llama"}, {"owner": "meta"}]

    (model,) = adapter_for("replicate").decode_models(
        HttpResponse(status=200, body=json.dumps({field: entries}).encode())
    )

    assert (model.id, model.owned_by, model.name, model.raw) == ("meta/llama", "meta", "llama", entries[0])
