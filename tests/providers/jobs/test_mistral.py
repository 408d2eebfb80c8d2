"""Batch jobs at Mistral, with the fields of its reference and the examples of its guide.

Source: https://docs.mistral.ai/api/endpoint/batch and https://docs.mistral.ai/capabilities/batch
"""

import json

import pytest

from ai_lib.providers.jobs import mistral as job_format
from ai_lib.types.job import JobStatus
from tests.support.job_steps import SUBMISSION, drive, endpoint_at

HERE = endpoint_at("/batch/jobs")
JOB = {
    "id": "b5f1a5d0-1f0e-4f3e-9c5e-0d6c3d3f1c11",
    "object": "batch",
    "input_files": ["442d4ac1-9d3f-4b9a-8b87-5d1ee0b2a4d7"],
    "metadata": None,
    "endpoint": "/v1/chat/completions",
    "model": "mistral-small-latest",
    "output_file": "3b6d45eb-e30b-416f-8019-f47e2e93d930",
    "error_file": None,
    "errors": [],
    "status": "SUCCESS",
    "created_at": 1732000000,
    "total_requests": 2,
    "completed_requests": 2,
    "succeeded_requests": 2,
    "failed_requests": 0,
    "started_at": 1732000010,
    "completed_at": 1732000100,
}
LINE = {
    "id": "batch-82acc551-3b8d7ea2",
    "custom_id": "request-0",
    "response": {"status_code": 200, "body": {"id": "cmpl-1"}},
    "error": None,
}


def state_of(**fields):
    _, state = drive(job_format.status(HERE, JOB["id"]), {**JOB, **fields})
    return state


def test_a_job_is_a_file_of_requests_and_the_model_for_all_of_them():
    (upload, create), state = drive(job_format.submit(HERE, SUBMISSION), {"id": "file-1"}, JOB)

    assert upload.path == "/files"
    assert b'name="purpose"\r\n\r\nbatch\r\n' in upload.body.body
    assert [json.loads(line) for line in upload.body.body.splitlines() if line.startswith(b"{")] == [
        {"custom_id": item.custom_id, "body": item.body} for item in SUBMISSION.items
    ]
    assert create.path == "/batch/jobs"
    assert create.body == {"input_files": ["file-1"], "model": "m", "endpoint": "/v1/chat/completions"}
    assert state.id == JOB["id"]


def test_a_state_is_read():
    (step,), state = drive(job_format.status(HERE, JOB["id"]), JOB)

    assert (step.path, step.body) == (f"/batch/jobs/{JOB['id']}", None)
    assert (state.status, state.raw_status) == (JobStatus.COMPLETED, "SUCCESS")
    assert (state.total, state.succeeded, state.failed) == (2, 2, 0)
    assert (state.created, state.expires, state.error) == (1732000000.0, None, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("QUEUED", JobStatus.QUEUED),
        ("RUNNING", JobStatus.RUNNING),
        ("SUCCESS", JobStatus.COMPLETED),
        ("FAILED", JobStatus.FAILED),
        ("TIMEOUT_EXCEEDED", JobStatus.EXPIRED),
        ("CANCELLATION_REQUESTED", JobStatus.CANCELLING),
        ("CANCELLED", JobStatus.CANCELLED),
        ("PAUSED", JobStatus.RUNNING),
    ],
)
def test_every_word_for_a_status_is_known(word, status):
    assert state_of(status=word).status is status


def test_the_errors_of_a_job_that_failed_say_why():
    assert state_of(status="FAILED", errors=[{"message": "no such model", "count": 2}]).error.message == "no such model"
    assert state_of(status="SUCCESS", errors=[{"message": "one of them", "count": 1}]).error is None


def test_answers_and_errors_are_read_from_their_files():
    failed = {"custom_id": "request-1", "response": None, "error": {"message": "bad"}}

    steps, answers = drive(job_format.results(HERE, state_of(error_file="err-1")), [LINE], [failed])

    assert [step.path for step in steps] == [f"/files/{JOB['output_file']}/content", "/files/err-1/content"]
    assert [(one.custom_id, one.status, one.body) for one in answers] == [
        ("request-0", 200, {"id": "cmpl-1"}),
        ("request-1", None, {"error": {"message": "bad"}}),
    ]


def test_a_job_is_cancelled():
    (step,), state = drive(job_format.cancel(HERE, "j1"), {**JOB, "status": "CANCELLATION_REQUESTED"})

    assert (step.path, step.body) == ("/batch/jobs/j1/cancel", {})
    assert state.status is JobStatus.CANCELLING
