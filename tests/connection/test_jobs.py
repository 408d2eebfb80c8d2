"""Batch jobs over a socket: submitted, polled, awaited, read and cancelled, at each provider that supports them.

What the servers answer is in tests/support/job_servers.py.
"""

import json

import attrs
import pytest

from ai_lib import (
    AiClient,
    CancelledError,
    ConfigurationError,
    ConnectionOptions,
    InvalidRequestError,
    Message,
    ProviderConfig,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
    UnsupportedFeatureError,
)
from ai_lib.connection.jobs import submit_job
from ai_lib.errors import InvalidResponseError
from ai_lib.providers.registry import get_config, load_job_format
from ai_lib.testing import FakeClock
from ai_lib.types.job import JobStatus
from tests.support.clients import client_of
from tests.support.dialect_samples import SAMPLES
from tests.support.job_servers import (
    ANTHROPIC,
    GEMINI,
    GROQ,
    MISTRAL,
    OPENAI,
    every_vendor,
    openai_job,
    script_job,
)
from tests.support.server import json_reply


def job_client(server, vendor=OPENAI, clock=None, **settings):
    return client_of(server, vendor.id, path=vendor.base, model="m", clock=clock, **settings)


def submit_prompts(client, *prompts, **fields):
    return client.submit_batch(prompts, **fields)


def reopen_job(client, job_id="job-1"):
    return client.batch_job(job_id)


def chat_answer(vendor):
    return SAMPLES[vendor.dialect].response


def paths(server):
    return [(request.method, request.path) for request in server.requests]


# --- each vendor


@every_vendor
def test_a_job_is_submitted(server, vendor):
    script_job(server, vendor, vendor.words[0])

    job = submit_prompts(job_client(server, vendor), "a", "b", "c")

    create = server.requests[-1]
    assert (create.method, create.path) == ("POST", vendor.create)
    assert all(request.headers[vendor.key[0]] == vendor.key[1] for request in server.requests)
    assert create.headers["content-type"] == "application/json"
    assert job.id in ("job-1", "batches/job-1")
    assert (job.provider, job.adjustments) == (vendor.id, ())


@pytest.mark.parametrize(
    ("vendor", "create"),
    [
        (OPENAI, {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}),
        (GROQ, {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}),
        (MISTRAL, {"input_files": ["file-1"], "model": "m", "endpoint": "/v1/chat/completions"}),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_requests_that_go_as_a_file_are_uploaded_first(server, vendor, create):
    script_job(server, vendor, vendor.words[0])

    submit_prompts(job_client(server, vendor), "a", "b", temperature=0.5)

    assert paths(server) == [("POST", f"{vendor.base}/files"), ("POST", vendor.create)]
    upload, order = server.requests
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="purpose"\r\n\r\nbatch\r\n' in upload.body
    sent = [json.loads(line) for line in upload.body.splitlines() if line.startswith(b"{")]
    assert [line["custom_id"] for line in sent] == ["request-0", "request-1"]
    assert [line["body"]["messages"][0]["content"] for line in sent] == ["a", "b"]
    assert all((line["body"]["model"], line["body"]["temperature"]) == ("m", 0.5) for line in sent)
    assert order.json == create


def test_anthropics_requests_go_inside_the_submission(server):
    script_job(server, ANTHROPIC, "in_progress")

    submit_prompts(job_client(server, ANTHROPIC), "a", "b", max_tokens=9)

    (create,) = server.requests
    assert create.headers["anthropic-version"] == "2023-06-01"
    assert [(one["custom_id"], one["params"]["max_tokens"]) for one in create.json["requests"]] == [
        ("request-0", 9),
        ("request-1", 9),
    ]


def test_geminis_requests_go_inside_the_submission(server):
    script_job(server, GEMINI, "BATCH_STATE_PENDING")

    submit_prompts(job_client(server, GEMINI), "a", "b")

    (create,) = server.requests
    sent = create.json["batch"]["inputConfig"]["requests"]["requests"]
    assert [one["metadata"]["key"] for one in sent] == ["request-0", "request-1"]
    assert [one["request"]["contents"][0]["parts"][0]["text"] for one in sent] == ["a", "b"]


@every_vendor
def test_the_status_of_a_job_is_read(server, vendor):
    script_job(server, vendor, vendor.words[0])
    job = submit_prompts(job_client(server, vendor), "a")

    state = job.status()

    assert (state.status, state.raw_status) == (JobStatus.RUNNING, vendor.words[0])
    assert paths(server)[-1] == ("GET", vendor.look)
    assert server.requests[-1].body == b""
    assert "content-type" not in server.requests[-1].headers


@every_vendor
def test_results_come_in_the_order_of_the_requests_and_a_failed_one_is_a_typed_error(server, vendor):
    script_job(server, vendor, vendor.words[0])
    job = submit_prompts(job_client(server, vendor), "a", "b", "c")
    answer = chat_answer(vendor)
    found = vendor.line("request-2", answer), vendor.line("request-0", answer), vendor.line("request-1", None)
    script_job(server, vendor, vendor.words[1], *found)

    first, second, third = job.results()

    assert [one.custom_id for one in (first, second, third)] == ["request-0", "request-1", "request-2"]
    assert (first.response.text, third.response.text) == ("hi", "hi")
    assert first.response.provider == vendor.id
    assert isinstance(second.error, RateLimitError)
    assert (second.error.status, second.error.provider, second.error.model) == (429, vendor.id, "m")
    assert "slow down" in str(second.error)


@every_vendor
def test_an_expired_job_keeps_its_finished_results(server, vendor):
    script_job(server, vendor, vendor.words[0])
    job = submit_prompts(job_client(server, vendor), "a", "b")
    script_job(server, vendor, vendor.words[2], vendor.line("request-1", chat_answer(vendor)))

    first, second = job.results()

    assert job.status().status is JobStatus.EXPIRED
    assert isinstance(first.error, ProviderError)
    assert first.error.code == "batch_expired"
    assert second.response.text == "hi"


@every_vendor
def test_a_job_is_cancelled(server, vendor):
    script_job(server, vendor, vendor.words[3])
    job = reopen_job(job_client(server, vendor), "batches/job-1" if vendor is GEMINI else "job-1")

    state = job.cancel()

    assert paths(server)[0] == ("POST", vendor.cancel)
    assert server.requests[0].json == {}
    assert state.status in (JobStatus.CANCELLING, JobStatus.CANCELLED)


@every_vendor
def test_a_job_is_opened_again_by_its_id(server, vendor):
    answer = chat_answer(vendor)
    script_job(server, vendor, vendor.words[1], vendor.line("request-2", answer), vendor.line("request-0", answer))

    job = reopen_job(job_client(server, vendor), "batches/job-1" if vendor is GEMINI else "job-1")

    assert server.requests == []
    found = [(one.custom_id, one.response is not None) for one in job.results()]
    assert found == [("request-0", True), ("request-1", False), ("request-2", True)]


# --- waiting


def test_a_wait_polls_less_and_less_often(server):
    time = FakeClock()
    client = job_client(server, OPENAI, time)
    states = iter(["validating", "in_progress", "in_progress", "finalizing", "completed"])

    def answer(connection):
        connection.read_request()
        serve_one = json.dumps(openai_job(next(states))).encode()
        connection.head(200, {"content-length": str(len(serve_one))})
        connection.send(serve_one)

    server.script(answer)

    state = reopen_job(client).wait(poll=10)

    assert state.status is JobStatus.COMPLETED
    assert time.waits == [10, 15, 22.5, 33.75]


def test_the_poll_interval_is_capped(server):
    time = FakeClock()
    script_job(server, OPENAI, "in_progress")

    with pytest.raises(RequestTimeoutError):
        reopen_job(job_client(server, OPENAI, time)).wait(poll=1, timeout=500)

    assert max(time.waits) == 30


def test_a_wait_times_out_while_the_job_continues(server):
    time = FakeClock()
    script_job(server, OPENAI, "in_progress")

    with pytest.raises(RequestTimeoutError) as caught:
        reopen_job(job_client(server, OPENAI, time)).wait(timeout=60, poll=10)

    assert str(caught.value).startswith("openai: the job job-1 is still running after 55 s")
    assert "client.batch_job(id)" in str(caught.value)
    assert time.waits == [10, 15, 22.5, 7.5]
    assert all(request.method == "GET" for request in server.requests)


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": -1.0}, {"poll": 0}, {"poll": None, "timeout": "1"}])
def test_an_invalid_wait_is_rejected(server, limits):
    with pytest.raises(ConfigurationError):
        reopen_job(job_client(server)).wait(**limits)

    assert server.requests == []


def test_the_status_of_a_finished_job_is_not_requested_again(server):
    script_job(server, OPENAI, "completed")
    job = reopen_job(job_client(server))

    assert job.wait() == job.status()

    assert len(server.requests) == 1


def test_an_unfinished_job_has_no_results(server):
    script_job(server, OPENAI, "in_progress")

    with pytest.raises(InvalidRequestError, match="the job job-1 has not finished: in_progress") as caught:
        reopen_job(job_client(server)).results()

    assert caught.value.code == "job_not_finished"


# --- what goes wrong


def test_a_job_whose_file_was_rejected_has_an_error_for_every_request(server):
    script_job(server, OPENAI, "validating")
    job = submit_prompts(job_client(server), "a", "b")
    failed = {"id": "job-1", "status": "failed", "errors": {"data": [{"code": "invalid_json_line", "message": "no"}]}}
    script_job(server, attrs.evolve(OPENAI, job=lambda _: failed), "failed")

    first, second = job.results()

    assert job.wait().error.code == "invalid_json_line"
    assert isinstance(first.error, InvalidRequestError)
    assert (first.error.code, second.error.code) == ("invalid_json_line", "invalid_json_line")
    assert first.error is not second.error


def test_the_unprocessed_requests_of_a_cancelled_job_are_errors(server):
    script_job(server, OPENAI, "in_progress")
    job = submit_prompts(job_client(server), "a")
    script_job(server, OPENAI, "cancelled")

    (only,) = job.results()

    assert isinstance(only.error, CancelledError)


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"[]", "malformed_answer"), (b"{}", "malformed_answer"), (b'{"id": 5, "status": "x"}', "malformed_answer"),
     (b"<html>", "not_json")],
)  # fmt: skip
def test_an_answer_without_a_job_is_an_error(server, payload, code):
    def answer(connection):
        connection.read_request()
        connection.head(200, {"content-length": str(len(payload))})
        connection.send(payload)

    server.script(answer)

    with pytest.raises(InvalidResponseError) as caught:
        reopen_job(job_client(server)).status()

    assert (caught.value.code, caught.value.provider) == (code, "openai")


def test_an_html_page_instead_of_results_is_an_error(server):
    script_job(server, attrs.evolve(ANTHROPIC, files=lambda *_: {ANTHROPIC.look + "/results": b"<html>"}), "ended", {})

    with pytest.raises(InvalidResponseError) as caught:
        reopen_job(job_client(server, ANTHROPIC)).results()

    assert caught.value.code == "not_json"


def test_an_error_of_the_provider_is_a_typed_error(server):
    server.script(json_reply(429, {"error": {"message": "too many jobs"}}))

    with pytest.raises(RateLimitError, match="too many jobs") as caught:
        submit_prompts(job_client(server), "a")

    assert len(caught.value.attempts) == 1


def test_each_request_of_a_submission_is_tried_again_by_itself(server):
    config = attrs.evolve(get_config("openai"), idempotency_header="Idempotency-Key")
    options = ConnectionOptions(api_key="key-1", base_url=server.url + "/v1", max_retries=1)
    client = AiClient(config, model="m", options=options, clock=FakeClock().clock())
    failing, file, job = json_reply(500, {"error": {"message": "oops"}}), {"id": "file-1"}, openai_job("validating")
    server.script(failing, json_reply(200, file), failing, json_reply(200, job))

    assert submit_prompts(client, "a").id == "job-1"

    assert paths(server) == [("POST", "/v1/files")] * 2 + [("POST", "/v1/batches")] * 2
    first, again, create, create_again = [request.headers["idempotency-key"] for request in server.requests]
    assert (first, create) == (again, create_again)
    assert first != create


def test_a_submission_ends_with_its_call(server):
    client = job_client(server, clock=(time := FakeClock()))
    core, request = client._core, client._core.build_request("a", {})
    call = core.start_call(1.0)
    time.sleep(1.0)

    with pytest.raises(RequestTimeoutError):
        submit_job(core.connection, [request], call, core.start_call)

    assert server.requests == []


def test_jobs_are_unsupported_at_a_provider_without_them(server):
    own = ProviderConfig("gw", name="Gateway", base_url=server.url)
    client = AiClient(own, model="m", options=ConnectionOptions(api_key="k"))

    for attempt in (lambda: submit_prompts(client, "a"), lambda: reopen_job(client)):
        with pytest.raises(UnsupportedFeatureError, match="Gateway does not support batch jobs"):
            attempt()

    assert server.requests == []


def test_jobs_are_unsupported_in_an_api_without_them(server):
    for vendor, api, words in [(GEMINI, "openai", "'openai' has no address"), (GROQ, "responses", "/v1/responses")]:
        client = job_client(server, vendor, api=api)

        with pytest.raises(UnsupportedFeatureError, match=words):
            submit_prompts(client, "a")

    assert server.requests == []


def test_the_responses_api_has_jobs_where_configured(server):
    script_job(server, OPENAI, "in_progress")

    submit_prompts(job_client(server, api="responses"), "a")

    upload, create = server.requests
    assert b'"url":"/v1/responses"' in upload.body
    assert create.json["endpoint"] == "/v1/responses"


def test_an_empty_job_or_one_of_two_models_is_rejected_before_anything_is_sent(server):
    client = job_client(server)
    other = client._core.build_request("b", {"model": "n"})

    for prompts in ([], ["a", other]):
        with pytest.raises(InvalidRequestError):
            submit_prompts(client, *prompts)

    assert server.requests == []


@pytest.mark.parametrize("prompts", ["one text", Message.user("a"), {"role": "user", "content": "a"}, None, 5])
def test_a_job_requires_a_list_of_prompts(server, prompts):
    with pytest.raises(InvalidRequestError, match="a job takes a sequence of prompts, not a single "):
        job_client(server).submit_batch(prompts)


def test_each_prompt_is_a_separate_request_with_the_common_fields(server):
    script_job(server, ANTHROPIC, "in_progress")

    job_client(server, ANTHROPIC).submit_batch([{"role": "user", "content": "a"}, Message.user("b")], max_tokens=9)

    sent = [request["params"] for request in server.requests[0].json["requests"]]
    assert [request["messages"][0]["content"][0]["text"] for request in sent] == ["a", "b"]
    assert [(request["model"], request["max_tokens"]) for request in sent] == [("m", 9), ("m", 9)]


@pytest.mark.parametrize("job_id", ["", "..", "a/../b", "batches/", "a\nb", None, 5])
def test_an_invalid_job_id_is_rejected(server, job_id):
    with pytest.raises(InvalidRequestError, match="invalid job id"):
        reopen_job(job_client(server), job_id)


@pytest.mark.parametrize("name", ["nowhere", "lines"])
def test_an_unknown_format_is_an_error(name):
    with pytest.raises(ConfigurationError, match=f"no jobs format '{name}'"):
        load_job_format(name)


def test_a_job_does_not_show_the_key(server):
    assert "key-1" not in repr(reopen_job(job_client(server)))
