"""Batch jobs in OpenAI's form, with the examples of its guide and reference.

Source: https://platform.openai.com/docs/guides/batch and https://platform.openai.com/docs/api-reference/batch/object
"""

import json

import pytest

from ai_lib.providers.jobs import openai as job_format
from ai_lib.types.job import JobStatus
from tests.support.job_steps import SUBMISSION, drive, endpoint_at

HERE = endpoint_at("/batches")
BATCH = {
    "id": "batch_abc123",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": None,
    "input_file_id": "file-abc123",
    "completion_window": "24h",
    "status": "completed",
    "output_file_id": "file-cvaTdG",
    "error_file_id": "file-HOWS94",
    "created_at": 1711471533,
    "in_progress_at": 1711471538,
    "expires_at": 1711557933,
    "finalizing_at": 1711493133,
    "completed_at": 1711493163,
    "request_counts": {"total": 100, "completed": 95, "failed": 5},
    "metadata": {"customer_id": "user_123456789"},
}
OUTPUT = {
    "id": "batch_req_123",
    "custom_id": "request-2",
    "response": {"status_code": 200, "request_id": "req_123", "body": {"id": "chatcmpl-123"}},
    "error": None,
}
EXPIRED = {
    "id": "batch_req_123",
    "custom_id": "request-3",
    "response": None,
    "error": {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    },
}


def state_of(**fields):
    _, state = drive(job_format.status(HERE, "batch_abc123"), {**BATCH, **fields})
    return state


def test_a_job_is_a_file_of_requests_and_an_order_to_work_on_it():
    (upload, create), state = drive(job_format.submit(HERE, SUBMISSION), {"id": "file-abc123"}, BATCH)

    assert upload.path == "/files"
    assert upload.body.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="purpose"\r\n\r\nbatch\r\n' in upload.body.body
    assert b'filename="requests.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n' in upload.body.body
    assert [json.loads(line) for line in upload.body.body.splitlines() if line.startswith(b"{")] == [
        {
            "custom_id": item.custom_id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": item.body,
        }
        for item in SUBMISSION.items
    ]
    assert create.path == "/batches"
    assert create.body == {
        "input_file_id": "file-abc123",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    assert state.id == "batch_abc123"


def test_a_state_is_read():
    (step,), state = drive(job_format.status(HERE, "batch_abc123"), BATCH)

    assert (step.path, step.body) == ("/batches/batch_abc123", None)
    assert (state.id, state.status, state.raw_status) == ("batch_abc123", JobStatus.COMPLETED, "completed")
    assert (state.total, state.succeeded, state.failed) == (100, 95, 5)
    assert (state.created, state.expires, state.error) == (1711471533.0, 1711557933.0, None)
    assert state.raw == BATCH


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("validating", JobStatus.QUEUED),
        ("failed", JobStatus.FAILED),
        ("in_progress", JobStatus.RUNNING),
        ("finalizing", JobStatus.FINISHING),
        ("completed", JobStatus.COMPLETED),
        ("expired", JobStatus.EXPIRED),
        ("cancelling", JobStatus.CANCELLING),
        ("cancelled", JobStatus.CANCELLED),
        ("a word of tomorrow", JobStatus.RUNNING),
    ],
)
def test_every_word_for_a_status_is_known(word, status):
    assert state_of(status=word).status is status


def test_a_file_that_is_refused_is_an_error_of_the_whole_job():
    errors = {"object": "list", "data": [{"code": "invalid_json_line", "message": "not JSON", "line": 1}]}

    error = state_of(status="failed", errors=errors, request_counts=None).error

    assert (error.message, error.status) == ("not JSON", 400)


def test_answers_are_read_before_errors():
    steps, answers = drive(job_format.results(HERE, state_of()), [OUTPUT], [EXPIRED])

    assert [step.path for step in steps] == ["/files/file-cvaTdG/content", "/files/file-HOWS94/content"]
    assert all(step.lines and step.body is None for step in steps)
    assert [(one.custom_id, one.status, one.body, one.request_id, one.ended) for one in answers] == [
        ("request-2", 200, {"id": "chatcmpl-123"}, "req_123", None),
        ("request-3", None, {"error": EXPIRED["error"]}, None, JobStatus.EXPIRED),
    ]


def test_a_request_that_failed_has_the_status_that_a_chat_would_have():
    body = {"error": {"message": "bad"}}
    line = {"custom_id": "request-0", "response": {"status_code": 400, "body": body}, "error": None}

    _, (answer,) = drive(job_format.results(HERE, state_of(output_file_id=None)), [line])

    assert (answer.status, answer.body) == (400, body)


def test_a_job_without_files_has_no_answers():
    assert drive(job_format.results(HERE, state_of(output_file_id=None, error_file_id=None))) == ([], [])


def test_a_job_is_cancelled_with_an_empty_object():
    (step,), state = drive(job_format.cancel(HERE, "batch_abc123"), {**BATCH, "status": "cancelling"})

    assert (step.path, step.body) == ("/batches/batch_abc123/cancel", {})
    assert state.status is JobStatus.CANCELLING


def test_an_id_cannot_leave_its_place_in_a_path():
    (step,), _ = drive(job_format.status(HERE, "a/../b?c"), BATCH)

    assert step.path == "/batches/a%2F..%2Fb%3Fc"
