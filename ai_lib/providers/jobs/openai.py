"""Batch jobs in OpenAI's form, which Groq took over: a file of requests goes up, files of answers and errors come back.

Sources: https://platform.openai.com/docs/api-reference/batch, https://platform.openai.com/docs/guides/batch,
https://console.groq.com/docs/batch
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import (
    JobAnswer,
    JobEndpoint,
    JobFormat,
    JobRequest,
    RequestFlow,
    Submission,
    read_number,
    read_object,
    read_timestamp,
    require_text,
)
from ai_lib.providers.jobs.lines import read_answers, upload_lines
from ai_lib.types.job import JobState, JobStatus

__all__ = ["FORMAT"]

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


def _submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    lines = [
        {"custom_id": item.custom_id, "method": "POST", "url": at.endpoint, "body": item.body}
        for item in submission.items
    ]
    file_id = yield from upload_lines(at, lines)
    body = {"input_file_id": file_id, "endpoint": at.endpoint, "completion_window": at.options.window}
    return _state(at, (yield JobRequest(path=at.path, body=body)))


def _status(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    return _state(at, (yield JobRequest(path=at.job_path(job_id))))


def _results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:
    return (yield from read_answers(at, state.raw.get("output_file_id"), state.raw.get("error_file_id")))


def _cancel(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    return _state(at, (yield JobRequest(path=at.job_path(job_id, "/cancel"), body={})))


def _state(at: JobEndpoint, job: Any) -> JobState:
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
        # What is wrong with the file is told like what is wrong with a request.
        error=at.fail(400, {"error": failures[0]}) if failures else None,
        raw=job,
    )


FORMAT = JobFormat(submit=_submit, status=_status, results=_results, cancel=_cancel)
