"""Random values of our types, for property tests."""

from typing import Any

from hypothesis import strategies as st

from ai_lib import (
    Audio,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    Document,
    Image,
    Message,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    Usage,
)
from ai_lib.types import Citation, Json, NamedTool, UsageStatus
from tests.support.scenarios import CITY, TOOLS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,10}", fullmatch=True)
counts = st.integers(0, 10**9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)


def media(kind, media_type):
    return st.one_of(
        st.builds(kind.from_bytes, st.binary(min_size=1, max_size=20), st.just(media_type)),
        st.builds(kind.from_url, st.just("https://example.com/x"), name=st.none() | names),
        st.builds(kind.from_file_id, names),
    )


parts = st.one_of(
    st.builds(Text, texts.filter(bool)),
    st.builds(Json, json_values),
    media(Image, "image/png"),
    media(Audio, "audio/wav"),
    media(Document, "application/pdf"),
)
tool_calls = st.builds(ToolCall, names, names, objects.map(str), provider_data=st.none() | objects)
citations = st.builds(Citation, st.none() | texts, st.none() | texts, data=st.none() | objects)
user_messages = st.lists(parts, min_size=1, max_size=3).map(lambda content: Message.user(*content))
assistant_messages = st.builds(
    Message,
    role=st.just("assistant"),
    content=st.lists(st.builds(Text, texts), max_size=2),
    tool_calls=st.lists(tool_calls, max_size=2),
    reasoning=st.none() | texts,
    refusal=st.none() | texts,
    citations=st.lists(citations, max_size=2),
    provider_data=st.none() | objects,
)
messages = st.one_of(
    user_messages,
    assistant_messages,
    st.builds(Message.system, texts),
    st.builds(Message.tool, names, texts),
)
tools = st.builds(
    Tool, names, st.none() | texts, st.just({"type": "object", "properties": {}}), strict=st.none() | st.booleans()
)
formats = st.one_of(
    st.just(ResponseFormat(kind="json_object")),
    st.builds(
        ResponseFormat, kind=st.just("json_schema"), schema=objects, name=names, strict=st.none() | st.booleans()
    ),
)


def fields(tool):
    some = st.none() | st.floats(0, 2)
    return {
        "messages": st.lists(messages, min_size=1, max_size=3),
        "model": st.none() | names,
        "temperature": some,
        "top_p": st.none() | st.floats(0, 1),
        "top_k": st.none() | counts,
        "max_tokens": st.none() | st.integers(1, 10**6),
        "stop": st.none() | st.lists(texts.filter(bool), max_size=2),
        "seed": st.none() | st.integers(-(2**31), 2**31),
        "n": st.none() | st.integers(1, 5),
        "presence_penalty": some,
        "frequency_penalty": some,
        "logit_bias": st.none() | st.dictionaries(names, st.integers(-100, 100), max_size=2),
        "logprobs": st.none() | st.booleans(),
        "top_logprobs": st.none() | st.integers(0, 20),
        "tools": st.just([tool]),
        "tool_choice": st.sampled_from([None, "auto", "none", "required", NamedTool(tool.name)]),
        "parallel_tool_calls": st.none() | st.booleans(),
        "response_format": st.none() | formats,
        "reasoning": st.none() | st.sampled_from(["low", "high"]) | counts,
        "user": st.none() | texts,
        "metadata": st.none() | st.dictionaries(names, texts, max_size=2),
        "extensions": st.dictionaries(names.map("x_{}".format), json_values, max_size=2),
    }


requests = tools.flatmap(lambda tool: st.builds(ChatCompletionRequest, **fields(tool)))
usages = st.builds(Usage, prompt_tokens=counts, completion_tokens=counts, cost=st.none() | st.decimals(0, 1, places=6))
choices = st.builds(
    Choice,
    index=st.integers(0, 4),
    message=assistant_messages,
    finish_reason=st.sampled_from([None, "stop", "tool_calls"]),
    raw_finish_reason=st.none() | texts,
    logprobs=st.none() | objects,
)
responses = st.builds(
    ChatCompletionResponse,
    id=st.none() | texts,
    choices=st.lists(choices, min_size=1, max_size=2).map(tuple),
    usage=usages,
    usage_status=st.sampled_from(UsageStatus),
    raw=json_values,
)


SHORT_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
# Values for every field of a request; dialects that take less replace some.
REQUEST_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "messages": st.just("hi"),
    "model": SHORT_TEXT,
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(0, 500),
    "max_tokens": st.integers(1, 10**6),
    "stop": st.lists(SHORT_TEXT, min_size=1, max_size=4),
    "seed": st.integers(-(2**63), 2**63 - 1),
    "n": st.integers(1, 8),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "logit_bias": st.dictionaries(st.integers(0, 9).map(str), st.floats(-100, 100), min_size=1),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "tools": st.just(TOOLS),
    "tool_choice": st.sampled_from(["auto", "none", "required", NamedTool("add")]),
    "parallel_tool_calls": st.booleans(),
    "response_format": st.sampled_from([CITY, ResponseFormat(kind="json_object")]),
    "reasoning": st.one_of(st.sampled_from(["none", "low", "high", "enabled"]), st.integers(0, 9999)),
    "user": SHORT_TEXT,
    "metadata": st.dictionaries(SHORT_TEXT, SHORT_TEXT, min_size=1, max_size=3),
    "extensions": st.dictionaries(SHORT_TEXT.map("x_{}".format), st.integers(), min_size=1, max_size=3),
}
