"""Rerank requests are validated before anything is sent."""

import pytest

from ai_lib import InvalidRequestError
from ai_lib.types.rerank import RerankRequest


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"query": ""}, "query must be a non-empty string, got ''"),
        ({"documents": "a"}, "documents must be a list of strings, not str"),
        ({"documents": []}, "documents is empty; pass at least one string"),
        ({"documents": ["a", 5]}, r"documents\[1\] must be a non-empty string, got 5"),
        ({"top_n": 1.5}, "top_n must be an integer, got 1.5"),
        ({"top_n": 0}, "top_n must be at least 1, got 0"),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_field(fields, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        RerankRequest(**{"query": "q", "documents": ["a"], **fields})
