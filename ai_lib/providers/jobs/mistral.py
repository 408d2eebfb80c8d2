"""Batch jobs at Mistral: a file of requests to one model is uploaded, files of answers and errors come back.

Sources: https://docs.mistral.ai/api/endpoint/batch, https://docs.mistral.ai/capabilities/batch
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import JobAnswer, JobEndpoint, JobRequest, RequestFlow, Submission, plain_flows
from ai_lib.providers.jobs.lines import read_answers, upload_lines
from ai_lib.providers.jobs.reading import read_number, read_timestamp, require_text
from ai_lib.types.job import JobState, JobStatus

__all__ = ["cancel", "results", "status", "submit"]

_STATUSES = {
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "SUCCESS": JobStatus.COMPLETED,
    "FAILED": JobStatus.FAILED,
    "TIMEOUT_EXCEEDED": JobStatus.EXPIRED,
    "CANCELLATION_REQUESTED": JobStatus.CANCELLING,
    "CANCELLED": JobStatus.CANCELLED,
}


def submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    """Upload the requests and submit a job for them."""
    lines = [{"custom_id": item.custom_id, "body": item.body} for item in submission.items]
    file_id = yield from upload_lines(at, lines)
    body = {"input_files": [file_id], "model": submission.model, "endpoint": at.chat_path}
    return _read_state(at, (yield JobRequest(path=at.path, body=body)))


def results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:
    """Fetch the answers and the errors of a finished job."""
    return (yield from read_answers(at, state.raw.get("output_file"), state.raw.get("error_file")))


def _read_state(at: JobEndpoint, job: Any) -> JobState:
    word = require_text(job, "status")
    status = _STATUSES.get(word, JobStatus.RUNNING)
    # A completed job has errors too, each with the number of requests that it concerns; they are no fault of the job.
    failures = job.get("errors") if status is JobStatus.FAILED else None
    return JobState(
        id=require_text(job, "id"),
        status=status,
        raw_status=word,
        total=read_number(job.get("total_requests")),
        succeeded=read_number(job.get("succeeded_requests")),
        failed=read_number(job.get("failed_requests")),
        created=read_timestamp(job.get("created_at")),
        error=at.fail(400, {"error": failures[0]}) if failures else None,
        raw=job,
    )


status, cancel = plain_flows(_read_state)
