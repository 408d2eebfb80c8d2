"""Batch jobs in OpenAI's format, which Groq adopted: a file of requests is uploaded, files of answers come back.

Sources: https://platform.openai.com/docs/api-reference/batch, https://platform.openai.com/docs/guides/batch,
https://console.groq.com/docs/batch
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import JobAnswer, JobEndpoint, JobRequest, RequestFlow, Submission, plain_flows
from ai_lib.providers.jobs.lines import read_answers, upload_lines
from ai_lib.providers.jobs.reading import read_number, read_object, read_timestamp, require_text
from ai_lib.types.job import JobState, JobStatus

__all__ = ["cancel", "results", "status", "submit"]

_STATUSES = {
    "validating": JobStatus.QUEUED,
    "in_progress": JobStatus.RUNNING,
    "finalizing": JobStatus.FINISHING,
    "completed": JobStatus.COMPLETED,
    "failed": JobStatus.FAILED,
    "expired": JobStatus.EXPIRED,
    "cancelling": JobStatus.CANCELLING,
    "cancelled": JobStatus.CANCELLED,
}


def submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    """Upload the requests and submit a job for them."""
    lines = [
        {"custom_id": item.custom_id, "method": "POST", "url": at.chat_path, "body": item.body}
        for item in submission.items
    ]
    file_id = yield from upload_lines(at, lines)
    body = {"input_file_id": file_id, "endpoint": at.chat_path, "completion_window": at.options.window}
    return _read_state(at, (yield JobRequest(path=at.path, body=body)))


def results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:
    """Fetch the answers and the errors of a finished job."""
    return (yield from read_answers(at, state.raw.get("output_file_id"), state.raw.get("error_file_id")))


def _read_state(at: JobEndpoint, job: Any) -> JobState:
    word = require_text(job, "status")
    counts = read_object(job, "request_counts")
    failures = read_object(job, "errors").get("data")
    return JobState(
        id=require_text(job, "id"),
        status=_STATUSES.get(word, JobStatus.RUNNING),
        raw_status=word,
        total=read_number(counts.get("total")),
        succeeded=read_number(counts.get("completed")),
        failed=read_number(counts.get("failed")),
        created=read_timestamp(job.get("created_at")),
        expires=read_timestamp(job.get("expires_at")),
        # A fault of the file is reported like a fault of one request.
        error=at.fail(400, {"error": failures[0]}) if failures else None,
        raw=job,
    )


status, cancel = plain_flows(_read_state)
