"""Embedding requests are validated before anything is sent."""

import pytest

from ai_lib import InvalidRequestError
from ai_lib.types.embedding import EmbeddingRequest


def test_one_string_is_the_same_as_a_list_of_it():
    assert EmbeddingRequest(inputs="a").inputs == ("a",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"inputs": 5}, "inputs must be a string or strings, not int"),
        ({"inputs": []}, "inputs is empty; pass at least one string"),
        ({"inputs": ["a", ""]}, r"inputs\[1\] must be a non-empty string, got ''"),
        ({"inputs": "a", "dimensions": True}, "dimensions must be an integer, got True"),
        ({"inputs": "a", "dimensions": 0}, "dimensions must be at least 1, got 0"),
        ({"inputs": "a", "task": "search"}, "task must be one of query, document, .*, got 'search'"),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_field(fields, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        EmbeddingRequest(**fields)
