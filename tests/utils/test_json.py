"""The codec: fast for what is JSON, patient with what servers send."""

import math

import pytest
from hypothesis import given

from ai_lib.utils import json
from tests.support.strategies import json_values


@given(value=json_values)
def test_a_value_survives_json(value):
    assert json.loads(json.dumps(value)) == value


def test_invalid_json_that_servers_send_is_read():
    assert math.isnan(json.loads(b'{"logprob": NaN}')["logprob"])
    assert json.loads(b'{"text": "\\ud83d"}') == {"text": "\ud83d"}
    assert json.loads(b"123456789012345678901234567890") == 123456789012345678901234567890


@pytest.mark.parametrize("text", [b"", b"{", b"<html>", b"\xff", "{'a': 1}"])
def test_text_that_is_not_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r".+"):
        json.loads(text)


def test_text_is_written_without_escapes():
    assert json.dumps({"text": "日本 🍓"}) == '{"text":"日本 🍓"}'.encode()
