"""Batch jobs in OpenAI's form, which Groq took over: a file of requests goes up, files of answers and errors come back.

Sources: https://platform.openai.com/docs/api-reference/batch, https://platform.openai.com/docs/guides/batch,
https://console.groq.com/docs/batch
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import Answer, At, JobFormat, Step, Steps, Submission, inner, number, seconds, text
from ai_lib.providers.jobs.lines import answers_in, uploaded
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


def _submit(at: At, submission: Submission) -> Steps[JobState]:
    lines = [
        {"custom_id": item.custom_id, "method": "POST", "url": at.endpoint, "body": item.body}
        for item in submission.items
    ]
    file_id = yield from uploaded(at, lines)
    body = {"input_file_id": file_id, "endpoint": at.endpoint, "completion_window": at.options.window}
    return _state(at, (yield Step(path=at.path, body=body)))


def _status(at: At, job_id: str) -> Steps[JobState]:
    return _state(at, (yield Step(path=at.of(job_id))))


def _results(at: At, state: JobState) -> Steps[list[Answer]]:
    return (yield from answers_in(at, state.raw.get("output_file_id"), state.raw.get("error_file_id")))


def _cancel(at: At, job_id: str) -> Steps[JobState]:
    return _state(at, (yield Step(path=at.of(job_id, "/cancel"), body={})))


def _state(at: At, job: Any) -> JobState:
    word = text(job, "status")
    counts = inner(job, "request_counts")
    failures = inner(job, "errors").get("data")
    return JobState(
        id=text(job, "id"),
        status=_STATUSES.get(word, JobStatus.RUNNING),
        raw_status=word,
        total=number(counts.get("total")),
        succeeded=number(counts.get("completed")),
        failed=number(counts.get("failed")),
        created=seconds(job.get("created_at")),
        expires=seconds(job.get("expires_at")),
        # What is wrong with the file is told like what is wrong with a request.
        error=at.fail(400, {"error": failures[0]}) if failures else None,
        raw=job,
    )


FORMAT = JobFormat(submit=_submit, status=_status, results=_results, cancel=_cancel)
