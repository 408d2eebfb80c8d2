"""The typed keyword arguments: equal to the request's fields, and listed by `help()` and `inspect.signature`."""

import inspect
import subprocess
import sys

import attrs
import pytest

from ai_lib import AiClient, ChatCompletionRequest
from ai_lib.client.fields import ChatFields, RequestFields

FIELDS = set(attrs.fields_dict(ChatCompletionRequest))


def test_the_typed_fields_are_those_of_a_request():
    assert {*ChatFields.__annotations__, "messages", "response_format"} == FIELDS
    assert {*RequestFields.__annotations__, "messages", "response_format", "tools"} == FIELDS


@pytest.mark.parametrize("method", ["chat", "stream", "batch", "map", "submit_batch", "count_tokens"])
def test_the_signature_lists_every_field(method):
    parameters = inspect.signature(getattr(AiClient, method)).parameters

    assert set(parameters) >= FIELDS - {"messages"}
    assert "fields" not in parameters


@pytest.mark.parametrize("method", ["run_tools", "stream_tools"])
def test_the_signature_of_a_tool_loop_lists_every_field_once(method):
    parameters = inspect.signature(getattr(AiClient, method)).parameters

    assert set(parameters) >= FIELDS
    assert parameters["tools"].default is inspect.Parameter.empty


def test_help_shows_the_fields():
    ran = subprocess.run(
        [sys.executable, "-c", "import ai_lib; help(ai_lib.AiClient.chat)"], capture_output=True, text=True, check=True
    )

    assert "temperature: 'float | None' = None" in ran.stdout
    assert "presence_penalty" in ran.stdout
