"""Batch jobs at Mistral: a file of requests to one model goes up, files of answers and errors come back.

Sources: https://docs.mistral.ai/api/endpoint/batch, https://docs.mistral.ai/capabilities/batch
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import Answer, At, JobFormat, Step, Steps, Submission, number, seconds, text
from ai_lib.providers.jobs.lines import answers_in, uploaded
from ai_lib.types.job import JobState, JobStatus

__all__ = ["FORMAT"]

_STATUSES = {
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "SUCCESS": JobStatus.COMPLETED,
    "FAILED": JobStatus.FAILED,
    "TIMEOUT_EXCEEDED": JobStatus.EXPIRED,
    "CANCELLATION_REQUESTED": JobStatus.CANCELLING,
    "CANCELLED": JobStatus.CANCELLED,
}


def _submit(at: At, submission: Submission) -> Steps[JobState]:
    file_id = yield from uploaded(at, [{"custom_id": item.custom_id, "body": item.body} for item in submission.items])
    body = {"input_files": [file_id], "model": submission.model, "endpoint": at.endpoint}
    return _state(at, (yield Step(path=at.path, body=body)))


def _status(at: At, job_id: str) -> Steps[JobState]:
    return _state(at, (yield Step(path=at.of(job_id))))


def _results(at: At, state: JobState) -> Steps[list[Answer]]:
    return (yield from answers_in(at, state.raw.get("output_file"), state.raw.get("error_file")))


def _cancel(at: At, job_id: str) -> Steps[JobState]:
    return _state(at, (yield Step(path=at.of(job_id, "/cancel"), body={})))


def _state(at: At, job: Any) -> JobState:
    word = text(job, "status")
    status = _STATUSES.get(word, JobStatus.RUNNING)
    # They are also told of a job that is done, each with the number of requests that it concerns.
    failures = job.get("errors") if status is JobStatus.FAILED else None
    return JobState(
        id=text(job, "id"),
        status=status,
        raw_status=word,
        total=number(job.get("total_requests")),
        succeeded=number(job.get("succeeded_requests")),
        failed=number(job.get("failed_requests")),
        created=seconds(job.get("created_at")),
        error=at.fail(400, {"error": failures[0]}) if failures else None,
        raw=job,
    )


FORMAT = JobFormat(submit=_submit, status=_status, results=_results, cancel=_cancel)
