"""Batch jobs at Anthropic: the requests go inside the submission, the answers come back one JSON text a line.

Sources: https://platform.claude.com/docs/en/api/messages/batches/create,
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

from collections.abc import Mapping
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
from ai_lib.types.job import JobState, JobStatus

__all__ = ["FORMAT"]

_STATUSES = {"in_progress": JobStatus.RUNNING, "canceling": JobStatus.CANCELLING}
_ENDED = {"expired": JobStatus.EXPIRED, "canceled": JobStatus.CANCELLED}
# The status with which each kind of error comes in a chat. Source: https://platform.claude.com/docs/en/api/errors
_ERROR_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def _submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    requests = [{"custom_id": item.custom_id, "params": item.body} for item in submission.items]
    return _state((yield JobRequest(path=at.path, body={"requests": requests}, headers=submission.headers)))


def _status(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    return _state((yield JobRequest(path=at.job_path(job_id))))


def _results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:
    # Whether there are any is in `results_url`. The documented path is asked instead of that address, so that the key
    # goes nowhere but to the server that the client knows, which may be a gateway.
    if not state.raw.get("results_url"):
        return []
    lines = yield JobRequest(path=at.job_path(state.id, "/results"), lines=True)
    return [_answer(line) for line in lines]


def _cancel(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    return _state((yield JobRequest(path=at.job_path(job_id, "/cancel"), body={})))


def _state(job: Any) -> JobState:
    word = require_text(job, "processing_status")
    counts = {kind: read_number(count) or 0 for kind, count in read_object(job, "request_counts").items()}
    return JobState(
        id=require_text(job, "id"),
        status=_status_of(word, counts),
        raw_status=word,
        total=sum(counts.values()) if counts else None,
        succeeded=counts.get("succeeded"),
        failed=sum(counts.get(kind, 0) for kind in ("errored", "canceled", "expired")) if counts else None,
        created=read_timestamp(job.get("created_at")),
        expires=read_timestamp(job.get("expires_at")),
        raw=job,
    )


def _status_of(word: str, counts: Mapping[str, int]) -> JobStatus:
    """Return the status; "ended" does not say how, but the counts do."""
    if word != "ended":
        return _STATUSES.get(word, JobStatus.RUNNING)
    return next((status for kind, status in _ENDED.items() if counts.get(kind)), JobStatus.COMPLETED)


def _answer(line: Mapping[str, Any]) -> JobAnswer:
    custom_id, result = line.get("custom_id"), read_object(line, "result")
    kind = result.get("type")
    if kind == "succeeded":
        return JobAnswer(custom_id=custom_id, status=200, body=result.get("message"))
    if kind in _ENDED:
        return JobAnswer(custom_id=custom_id, ended=_ENDED[kind])
    error = read_object(result, "error")  # as in a chat: {"type": "error", "error": {"type", "message"}}
    status = _ERROR_STATUSES.get(str(read_object(error, "error").get("type")), 500)
    return JobAnswer(custom_id=custom_id, status=status, body=error, request_id=error.get("request_id") or None)


FORMAT = JobFormat(submit=_submit, status=_status, results=_results, cancel=_cancel)
