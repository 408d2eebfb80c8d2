"""Batch jobs at Gemini, written from the types of its reference.

Source: https://ai.google.dev/api/batch-api and https://ai.google.dev/gemini-api/docs/batch-api
"""

import pytest

from ai_lib.providers.jobs import gemini as job_format
from ai_lib.types.job import JobStatus
from tests.support.job_steps import SUBMISSION, drive, endpoint_at

HERE = endpoint_at("/v1beta/{model_path}:batchGenerateContent")
NAME = "batches/123456789"
ANSWER = {"candidates": [{"content": {"parts": [{"text": "hi"}]}}]}


def operation(state="BATCH_STATE_SUCCEEDED", **fields):
    return {
        "name": NAME,
        "done": state.endswith("SUCCEEDED"),
        "metadata": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": "models/gemini-3.8-flash",
            "displayName": "ai-lib",
            "createTime": "2025-07-10T12:00:00.123456789Z",
            "batchStats": {"requestCount": "3", "successfulRequestCount": "2", "failedRequestCount": "1"},
            "state": state,
            "name": NAME,
        },
        **fields,
    }


def answered(*inlined):
    return operation(response={"inlinedResponses": {"inlinedResponses": list(inlined)}})


def answers_of(payload):
    _, state = drive(job_format.status(HERE, NAME), payload)
    steps, answers = drive(job_format.results(HERE, state))
    assert steps == []
    return answers


def test_a_job_holds_its_requests_and_their_names():
    (step,), state = drive(job_format.submit(HERE, SUBMISSION), operation("BATCH_STATE_PENDING"))

    assert (step.path, step.model) == ("/v1beta/{model_path}:batchGenerateContent", "m")
    assert step.body["batch"]["displayName"]
    assert step.body["batch"]["inputConfig"] == {
        "requests": {
            "requests": [{"request": item.body, "metadata": {"key": item.custom_id}} for item in SUBMISSION.items]
        }
    }
    assert (state.id, state.status) == (NAME, JobStatus.QUEUED)


def test_a_state_is_read():
    (step,), state = drive(job_format.status(HERE, NAME), operation())

    assert (step.path, step.body) == ("/v1beta/batches/123456789", None)
    assert (state.status, state.raw_status) == (JobStatus.COMPLETED, "BATCH_STATE_SUCCEEDED")
    assert (state.total, state.succeeded, state.failed) == (3, 2, 1)
    assert state.created == pytest.approx(1752148800.123456)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("BATCH_STATE_PENDING", JobStatus.QUEUED),
        ("BATCH_STATE_RUNNING", JobStatus.RUNNING),
        ("BATCH_STATE_SUCCEEDED", JobStatus.COMPLETED),
        ("JOB_STATE_SUCCEEDED", JobStatus.COMPLETED),
        ("BATCH_STATE_FAILED", JobStatus.FAILED),
        ("BATCH_STATE_CANCELLED", JobStatus.CANCELLED),
        ("BATCH_STATE_EXPIRED", JobStatus.EXPIRED),
        ("BATCH_STATE_UNSPECIFIED", JobStatus.RUNNING),
    ],
)
def test_every_word_for_a_status_is_known(word, status):
    _, state = drive(job_format.status(HERE, NAME), operation(word))

    assert state.status is status


def test_a_job_is_not_over_before_its_answers_are_there():
    _, state = drive(job_format.status(HERE, NAME), operation(done=False))

    assert state.status is JobStatus.FINISHING


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"name": NAME}, JobStatus.RUNNING),
        ({"name": NAME, "done": True, "response": {}}, JobStatus.COMPLETED),
        ({"name": NAME, "done": True, "error": {"code": 3, "message": "no"}}, JobStatus.FAILED),
    ],
)
def test_an_operation_without_a_state_says_whether_it_is_done(payload, status):
    _, state = drive(job_format.status(HERE, NAME), payload)

    assert state.status is status


@pytest.mark.parametrize(
    ("code", "status"),
    [(3, 400), (5, 404), (7, 403), (8, 429), (13, 500), (14, 503), (16, 401), (429, 429), (99, 500), (None, 500)],
)
def test_why_a_job_failed_has_the_status_of_a_chat(code, status):
    payload = operation("BATCH_STATE_FAILED", done=True, error={"code": code, "message": "no"})

    _, state = drive(job_format.status(HERE, NAME), payload)

    assert (state.error.status, state.error.message) == (status, "no")


def test_answers_are_matched_by_their_keys():
    inlined = [
        {"response": ANSWER, "metadata": {"key": "request-1"}},
        {"error": {"code": 8, "message": "slow down"}, "metadata": {"key": "request-0"}},
        {"response": ANSWER},
    ]

    answers = answers_of(answered(*inlined))

    assert [(one.custom_id, one.status) for one in answers] == [("request-1", 200), ("request-0", 429), (None, 200)]
    assert answers[0].body == ANSWER
    assert answers[1].body == {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}


def test_answers_are_also_found_in_the_metadata():
    payload = operation(done=False)
    payload["metadata"]["output"] = {"inlinedResponses": {"inlinedResponses": [{"response": ANSWER}]}}

    assert len(answers_of(payload)) == 1


@pytest.mark.parametrize("inlined", [None, {}, {"inlinedResponses": None}, {"inlinedResponses": [None, 1]}])
def test_a_job_may_have_no_answers(inlined):
    assert answers_of(operation(response={"inlinedResponses": inlined})) == []


def test_cancelling_a_job_fetches_its_state_afterwards():
    (cancel, look), state = drive(job_format.cancel(HERE, NAME), {}, operation("BATCH_STATE_CANCELLED"))

    assert (cancel.path, cancel.body) == ("/v1beta/batches/123456789:cancel", {})
    assert (look.path, look.body) == ("/v1beta/batches/123456789", None)
    assert state.status is JobStatus.CANCELLED
