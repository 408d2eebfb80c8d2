"""The lists of models."""

from __future__ import annotations

import json

from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.bedrock_converse.bodies import ADAPTER


def test_models_are_read_from_both_lists() -> None:
    models = {"modelSummaries": [{"modelId": "a.b", "modelName": "B", "providerName": "A"}, {}]}
    profiles = {"inferenceProfileSummaries": [{"inferenceProfileId": "us.a.b", "inferenceProfileName": "US B"}]}

    found = [
        ADAPTER.decode_models(HttpResponse(status=200, body=json.dumps(body).encode())) for body in (models, profiles)
    ]

    assert [[(model.id, model.name, model.owned_by) for model in some] for some in found] == [
        [("a.b", "B", "A")],
        [("us.a.b", "US B", None)],
    ]
