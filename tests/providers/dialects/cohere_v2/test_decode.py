"""Citations in answers of Cohere's chat API; `tests/providers/dialects/test_replay.py` replays all recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.types.wire import HttpResponse
from tests.providers.dialects.cohere_v2.bodies import ADAPTER, WHOLE, cited
from tests.support.wire_cases import cases_of


def test_a_citation_has_its_position_in_the_text_of_the_answer() -> None:
    answer = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(WHOLE).encode()))

    assert answer.text == "some 1. some 2."
    assert answer.message.provider_data == {"cohere": {"tool_plan": "some plan. "}}
    assert [(found.start, found.end) for found in answer.citations] == [
        (None, None),
        (0, 4),
        (8, 12),
        (0, 4),
        (None, None),
    ]


def test_recorded_citations_are_at_their_positions() -> None:
    case = next(case for case in cases_of("cohere_v2", "whole") if case.name == "cohere-citations")

    answer = ADAPTER.decode(case.http)

    assert [answer.text[found.start : found.end] for found in answer.citations] == [
        found.cited_text for found in answer.citations
    ]
    assert answer.citations[0].title == "benefits.txt"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"message": None}, "the answer has no message"),
        ({"message": {"tool_calls": [{"id": "c1", "function": {}}]}}, "a tool call without a name"),
    ],
)
def test_an_answer_without_what_the_api_promises_is_an_invalid_response(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidResponseError, match=words):
        ADAPTER.decode(HttpResponse(status=200, body=json.dumps({**WHOLE, **fields}).encode()))


def test_an_answer_may_come_without_a_finish_reason() -> None:
    answer = ADAPTER.decode(HttpResponse(status=200, body=b'{"message": {"content": "hi"}}'))

    assert (answer.text, answer.finish_reason, answer.raw_finish_reason) == ("hi", None, None)


def test_a_citation_has_the_title_and_the_url_of_the_first_document_that_has_them() -> None:
    sources = [
        {"document": {"title": "", "n": 1}},
        {"document": {"title": "A"}},
        {"document": {"title": "B", "url": "u"}},
    ]
    message = {"content": "some", "citations": [{**cited(None, None), "sources": sources}]}

    answer = ADAPTER.decode(HttpResponse(status=200, body=json.dumps({"message": message}).encode()))

    assert [(found.title, found.url) for found in answer.citations] == [("A", "u")]
