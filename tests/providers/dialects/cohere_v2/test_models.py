"""The list of models, which comes in pages."""

from __future__ import annotations

import json

from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("cohere")


def test_models_come_in_pages() -> None:
    page = {"models": [{"name": "command-a", "context_length": 288000.0, "endpoints": ["chat"]}, {"name": None}],
            "next_page_token": "t/2"}  # fmt: skip
    response, last = (
        HttpResponse(status=200, body=json.dumps(body).encode()) for body in (page, {**page, "next_page_token": ""})
    )

    (model,) = ADAPTER.decode_models(response)

    assert (model.id, model.context_window, model.provider) == ("command-a", 288000, "cohere")
    assert ADAPTER.next_page(response) == {"page_token": "t/2"}
    assert ADAPTER.next_page(last) is None
    assert ADAPTER.models_request({"page_token": "t/2"}).url.endswith("/v1/models?page_token=t%2F2")
