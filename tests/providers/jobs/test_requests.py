"""From requests to a submission: checked against the provider's limits, encoded as chats are."""

import json

import attrs
import pytest

from ai_lib import (
    ChatCompletionRequest,
    Document,
    InvalidRequestError,
    Message,
    ResponseFormat,
    UnsupportedFeatureError,
)
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.jobs.format import JobOptions
from ai_lib.providers.jobs.requests import build_submission
from ai_lib.providers.registry import configs, get_config, load_dialect, load_job_format

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def adapter_of(provider, **fields):
    config = get_config(provider)
    return ProviderAdapter(
        config=config, dialect=load_dialect(config.dialect), base_url=config.base_url, api_key="key-1", **fields
    )


def asking(text="hi", model="m", **fields):
    return ChatCompletionRequest(messages=text, model=model, **fields)


def submitted(provider, *requests, on_unsupported="raise", **options):
    return build_submission(adapter_of(provider), JobOptions(**options), requests, on_unsupported)


@pytest.mark.parametrize("provider", [config.id for config in configs() if config.jobs is not None])
def test_the_body_of_a_request_is_that_of_a_chat(provider):
    request = asking(temperature=0.5, max_tokens=9, tools=[TOOL])
    chat, _ = adapter_of(provider).chat_request(request, stream=False)

    submission, _ = submitted(provider, request)

    assert [item.body for item in submission.items] == [json.loads(chat.body)]
    assert "stream" not in submission.items[0].body


def test_requests_are_named_by_their_places():
    submission, _ = submitted("groq", asking("a"), asking("b", model="n"))

    assert [item.custom_id for item in submission.items] == ["request-0", "request-1"]
    assert [item.body["model"] for item in submission.items] == ["m", "n"]
    assert (submission.model, submission.headers) == ("m", {})


def test_what_an_answer_will_need_is_kept():
    form = ResponseFormat(kind="json_object", parser=json.loads)
    request = asking(logit_bias={"1": 1}, response_format=form)

    _, (kept,) = submitted("groq", request, on_unsupported="drop")

    assert (kept.model, kept.parser) == ("m", json.loads)
    assert kept.adjustments[0].startswith("logit_bias: ")


def test_an_unsupported_field_is_refused_as_in_a_chat():
    with pytest.raises(UnsupportedFeatureError, match="logit_bias"):
        submitted("groq", asking(logit_bias={"1": 1}))


def test_headers_that_some_bodies_need_are_sent_for_all():
    named = asking([Message.user("Sum up", Document.from_file_id("file-1"))])
    adapter = adapter_of("anthropic", headers={"Anthropic-Beta": "mine"})

    submission, _ = build_submission(adapter, JobOptions(), [asking(), named], "raise")

    assert submission.headers == {"Anthropic-Beta": "mine, files-api-2025-04-14"}
    assert submitted("anthropic", asking())[0].headers == {}


@pytest.mark.parametrize(
    ("requests", "options", "message"),
    [
        ([], {}, "a job requires at least one request"),
        ([asking()] * 3, {"max_requests": 2}, "the job has 3 requests; Groq allows at most 2"),
        (
            [asking("x" * 100)] * 2,
            {"max_bytes": 200},
            r"the requests have \d+ bytes; a job at Groq may have at most 200",
        ),
        ([asking(), asking(extensions={"stream": True})], {}, r"requests\[1\] sets stream in its extensions"),
        (
            [asking(), asking(model="n")],
            {"one_model": True},
            r"requests\[1\] names the model 'n' and the first one 'm'",
        ),
    ],
)
def test_a_job_that_the_provider_would_refuse_is_an_error(requests, options, message):
    with pytest.raises(InvalidRequestError, match=message) as caught:
        submitted("groq", *requests, **options)

    assert caught.value.provider == "groq"


def test_every_format_that_is_configured_exists():
    found = {config.id: load_job_format(config.jobs.format) for config in configs() if config.jobs is not None}

    assert sorted(found) == ["anthropic", "gemini", "groq", "mistral", "openai"]
    assert all(callable(step) for one in found.values() for step in attrs.astuple(one))


def test_another_api_at_another_address_has_no_jobs():
    assert get_config("gemini").with_api("openai").jobs is None
    assert get_config("openai").with_api("responses").jobs is not None
