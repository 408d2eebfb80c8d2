"""The replies of a script."""

import pytest

from ai_lib.testing import error, raw, text
from ai_lib.testing.replies import CalledTool


def test_arguments_as_a_string_become_an_object_if_they_are_json():
    assert CalledTool("f", '{"x": 1}').arguments_object == {"x": 1}
    assert CalledTool("f", '{"x"').arguments_object == '{"x"'


def test_an_answer_can_only_be_added_to_an_answer():
    with pytest.raises(TypeError, match="unsupported operand"):
        text("Hi") + "there"


def test_chunks_that_do_not_join_to_the_text_are_rejected():
    with pytest.raises(ValueError, match="'Hello', got 'Help'"):
        text("Hello", chunks=["Hel", "p"])


def test_text_is_streamed_word_by_word_without_loss():
    assert text(" a  b\nc ").chunks == (" a", "  b", "\nc", " ")


def test_an_error_with_the_status_of_a_success_is_rejected():
    with pytest.raises(ValueError, match="must be 400 to 599, got 200"):
        error(200)


def test_a_raw_string_has_the_content_type_of_text():
    assert raw(502, body="<h1>Bad</h1>").headers == {"content-type": "text/plain"}
