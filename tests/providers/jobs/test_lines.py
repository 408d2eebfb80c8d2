"""Files with one JSON text a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.providers.jobs.lines import read_lines
from ai_lib.utils import json


@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=5), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_what_was_written_is_read(values, end):
    assert read_lines(end.join(json.dumps(value) for value in values) + end) == values


def test_a_line_that_cannot_be_read_does_not_cost_the_others():
    assert read_lines(b'{"a":1}\n{"b":\n[]\n{"c":3}') == [{"a": 1}, {"c": 3}]


def test_an_empty_file_has_no_lines():
    assert read_lines(b"") == read_lines(b"\n \n") == []


def test_an_html_page_is_not_a_file_of_lines():
    with pytest.raises(ValueError, match="no line is a JSON object"):
        read_lines(b"<html>\n</html>")
