"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.gemini.bodies import INLINE_PNG, candidate, fold_events, response_of
from tests.support.wire_cases import adapter_for


@pytest.mark.parametrize("payload", [[], "x", None, 5])
def test_an_answer_that_is_not_an_object_is_an_invalid_response(payload: Any) -> None:
    with pytest.raises(InvalidResponseError, match="expected a JSON object"):
        adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


@pytest.mark.parametrize(
    ("raw", "finish"),
    [
        *[(raw, "content_filter") for raw in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")],
        *[(raw, "content_filter") for raw in ("IMAGE_SAFETY", "MODEL_ARMOR")],
        *[(raw, None) for raw in ("OTHER", "LANGUAGE", "NO_IMAGE", "FINISH_REASON_UNSPECIFIED")],
        ("CONTINUATION", "length"),
    ],
)
def test_a_finish_reason_is_one_of_ours_or_none(raw: str, finish: str | None) -> None:
    payload = {"candidates": [{"finishReason": raw}]}

    response = adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert (response.finish_reason, response.raw_finish_reason, response.text) == (finish, raw, "")


def test_an_empty_part_is_ignored() -> None:
    response = response_of({}, {"text": "a"})

    assert (response.text, response.message.provider_data) == ("a", None)


def test_images_in_an_answer_are_kept_but_are_not_text() -> None:
    response = response_of(INLINE_PNG)

    assert response.text == ""
    assert response.message.content == ()
    assert response.message.provider_data == {"gemini": {"parts": [INLINE_PNG]}}


def test_a_retrieved_passage_is_quoted() -> None:
    chunk = {"retrievedContext": {"uri": "gs://b/a.pdf", "title": "A", "text": "So it is."}}
    image = {"image": {"sourceUri": "https://e.com/page", "imageUri": "https://e.com/a.png", "title": "I"}}

    response, _ = fold_events({"candidates": [candidate(groundingMetadata={"groundingChunks": [chunk, image]})]})

    assert [(found.url, found.cited_text) for found in response.citations] == [
        ("gs://b/a.pdf", "So it is."),
        ("https://e.com/page", None),
    ]
