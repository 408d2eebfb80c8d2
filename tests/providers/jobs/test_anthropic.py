"""Batch jobs at Anthropic, with the examples of its reference and guide.

Source: https://platform.claude.com/docs/en/api/messages/batches/retrieve and
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

import attrs
import pytest

from ai_lib.providers.jobs import anthropic as job_format
from ai_lib.types.job import JobStatus
from tests.support.job_steps import SUBMISSION, drive, endpoint_at

HERE = endpoint_at("/v1/messages/batches")
BATCH = {
    "id": "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF",
    "type": "message_batch",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0},
    "ended_at": "2024-08-20T18:37:24.100435Z",
    "created_at": "2024-08-20T18:37:24.100435Z",
    "expires_at": "2024-08-21T18:37:24.100435Z",
    "cancel_initiated_at": None,
    "results_url": "https://api.anthropic.com/v1/messages/batches/msgbatch_013Zva2CMHLNnXjNJJKqJ2EF/results",
}
MESSAGE = {"id": "msg_014VwiXbi91y3JMjcpyGBHX5", "type": "message", "role": "assistant"}


def state_of(**fields):
    _, state = drive(job_format.status(HERE, BATCH["id"]), {**BATCH, **fields})
    return state


def counts(**others):
    return {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0, **others}


def test_a_job_holds_its_requests_and_the_headers_that_they_need():
    beta = {"anthropic-beta": "files-api-2025-04-14"}

    (step,), state = drive(job_format.submit(HERE, attrs.evolve(SUBMISSION, headers=beta)), BATCH)

    assert step.path == "/v1/messages/batches"
    assert step.body == {"requests": [{"custom_id": item.custom_id, "params": item.body} for item in SUBMISSION.items]}
    assert step.headers == beta
    assert state.id == BATCH["id"]


def test_a_state_is_read():
    (step,), state = drive(job_format.status(HERE, BATCH["id"]), BATCH)

    assert (step.path, step.body) == (f"/v1/messages/batches/{BATCH['id']}", None)
    assert (state.status, state.raw_status) == (JobStatus.COMPLETED, "ended")
    assert (state.total, state.succeeded, state.failed) == (3, 2, 1)
    assert (state.created, state.expires) == (1724179044.100435, 1724265444.100435)


@pytest.mark.parametrize(
    ("word", "how", "status"),
    [
        ("in_progress", counts(processing=2), JobStatus.RUNNING),
        ("canceling", counts(processing=2), JobStatus.CANCELLING),
        ("ended", counts(succeeded=2), JobStatus.COMPLETED),
        ("ended", counts(errored=2), JobStatus.COMPLETED),
        ("ended", counts(succeeded=1, expired=1), JobStatus.EXPIRED),
        ("ended", counts(succeeded=1, canceled=1), JobStatus.CANCELLED),
        ("ended", None, JobStatus.COMPLETED),
        ("a word of tomorrow", None, JobStatus.RUNNING),
    ],
)
def test_how_a_job_ended_is_in_the_counts(word, how, status):
    assert state_of(processing_status=word, request_counts=how).status is status


def test_the_results_are_fetched_from_the_server_that_the_client_knows():
    lines = [{"custom_id": "request-1", "result": {"type": "succeeded", "message": MESSAGE}}]

    (step,), (answer,) = drive(job_format.results(HERE, state_of()), lines)

    assert step.path == f"/v1/messages/batches/{BATCH['id']}/results"
    assert step.lines
    assert (answer.custom_id, answer.status, answer.body) == ("request-1", 200, MESSAGE)


def test_a_job_without_an_address_of_results_has_none():
    assert drive(job_format.results(HERE, state_of(results_url=None))) == ([], [])


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid_request_error", 400),
        ("authentication_error", 401),
        ("billing_error", 402),
        ("permission_error", 403),
        ("not_found_error", 404),
        ("request_too_large", 413),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("overloaded_error", 529),
        ("a_kind_of_tomorrow", 500),
    ],
)
def test_a_request_that_failed_has_the_status_that_a_chat_would_have(kind, status):
    error = {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_1"}
    lines = [{"custom_id": "request-0", "result": {"type": "errored", "error": error}}]

    _, (answer,) = drive(job_format.results(HERE, state_of()), lines)

    assert (answer.status, answer.body, answer.request_id) == (status, error, "req_1")


@pytest.mark.parametrize(("word", "ended"), [("expired", JobStatus.EXPIRED), ("canceled", JobStatus.CANCELLED)])
def test_a_request_that_was_not_worked_on_says_why(word, ended):
    _, (answer,) = drive(job_format.results(HERE, state_of()), [{"custom_id": "request-0", "result": {"type": word}}])

    assert answer.ended is ended


def test_a_job_is_cancelled():
    (step,), state = drive(job_format.cancel(HERE, "b1"), {**BATCH, "processing_status": "canceling"})

    assert (step.path, step.body) == ("/v1/messages/batches/b1/cancel", {})
    assert state.status is JobStatus.CANCELLING
