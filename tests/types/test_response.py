"""The response to a chat completion request."""

import json
from decimal import Decimal

import attrs
import pytest

from ai_lib import ChatCompletionResponse, Choice, Message, Usage
from ai_lib.errors import InvalidResponseError
from ai_lib.models import Cost


def response(text="", *, finish_reason="stop", refusal=None, **fields):
    message = Message(role="assistant", content=text, refusal=refusal)
    return ChatCompletionResponse(choices=(Choice(message=message, finish_reason=finish_reason),), **fields)


def test_without_a_response_format_nothing_is_parsed():
    assert response("{}").parsed is None


def test_the_text_is_parsed_when_it_is_read():
    assert response('{"a": 1}', parser=json.loads).parsed == {"a": 1}


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"refusal": "No."}, "The model refused; look at .message.refusal"),
        ({"finish_reason": "length"}, "The answer was cut off at its maximum length: raise max_tokens"),
        ({"finish_reason": "content_filter"}, "The content filter of the provider stopped the answer"),
        ({}, "Look at .text; max_repairs=1 asks the model to correct it"),
    ],
)
def test_text_that_cannot_be_parsed_is_an_error_with_a_hint(fields, hint):
    with pytest.raises(InvalidResponseError, match="the answer does not fit response_format") as caught:
        _ = response("{", parser=json.loads, **fields).parsed

    assert (caught.value.hint, caught.value.code) == (hint, "invalid_structured_output")


def test_a_cost_that_the_provider_reports_takes_precedence_over_prices():
    answer = response(usage=Usage(cost=Decimal("0.5")), pricing=lambda _: Cost(total=Decimal(9)))

    assert (answer.cost, answer.cost_breakdown) == (Decimal("0.5"), Cost(total=Decimal("0.5"), source="provider"))


def test_the_total_cost_is_unknown_if_one_round_is():
    known, unknown = response(usage=Usage(cost=Decimal("0.5"))), response()

    assert attrs.evolve(known, rounds=(known, known)).total_cost == Decimal("1.5")
    assert attrs.evolve(known, rounds=(unknown,)).total_cost is None
