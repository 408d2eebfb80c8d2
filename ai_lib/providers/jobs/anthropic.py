"""Batch jobs at Anthropic: the requests are in the submission, the answers come back as JSON Lines.

Sources: https://platform.claude.com/docs/en/api/messages/batches/create,
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.jobs.format import JobAnswer, JobEndpoint, JobRequest, RequestFlow, Submission, plain_flows
from ai_lib.providers.jobs.reading import read_number, read_object, read_timestamp, require_text
from ai_lib.types.job import JobState, JobStatus

__all__ = ["cancel", "results", "status", "submit"]

_STATUSES = {"in_progress": JobStatus.RUNNING, "canceling": JobStatus.CANCELLING}
_ENDED = {"expired": JobStatus.EXPIRED, "canceled": JobStatus.CANCELLED}
# The HTTP status that each type of error has in a chat. Source: https://platform.claude.com/docs/en/api/errors
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


def submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    """Submit a job."""
    requests = [{"custom_id": item.custom_id, "params": item.body} for item in submission.items]
    job = yield JobRequest(path=at.path, body={"requests": requests}, headers=submission.headers)
    return _read_state(at, job)


def results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:
    """Fetch the answers of a finished job."""
    # `results_url` says only whether there are any. The request goes to the documented path instead of that URL, so
    # that the key is sent to no server other than the one the client knows, which may be a gateway.
    if not state.raw.get("results_url"):
        return []
    answers = []
    for line in (yield JobRequest(path=at.job_path(state.id, "/results"), lines=True)):
        custom_id, result = line.get("custom_id"), read_object(line, "result")
        kind = result.get("type")
        if kind == "succeeded":
            answers.append(JobAnswer(custom_id=custom_id, status=200, body=result.get("message")))
        elif kind in _ENDED:
            answers.append(JobAnswer(custom_id=custom_id, ended=_ENDED[kind]))
        else:
            error = read_object(result, "error")  # as in a chat: {"type": "error", "error": {"type", "message"}}
            code = _ERROR_STATUSES.get(str(read_object(error, "error").get("type")), 500)
            request_id = error.get("request_id") or None
            answers.append(JobAnswer(custom_id=custom_id, status=code, body=error, request_id=request_id))
    return answers


def _read_state(_: JobEndpoint, job: Any) -> JobState:
    word = require_text(job, "processing_status")
    counts = {kind: read_number(count) or 0 for kind, count in read_object(job, "request_counts").items()}
    status = _STATUSES.get(word, JobStatus.RUNNING)
    if word == "ended":  # does not say how, but the counts do
        status = next((status for kind, status in _ENDED.items() if counts.get(kind)), JobStatus.COMPLETED)
    return JobState(
        id=require_text(job, "id"),
        status=status,
        raw_status=word,
        total=sum(counts.values()) if counts else None,
        succeeded=counts.get("succeeded"),
        failed=sum(counts.get(kind, 0) for kind in ("errored", "canceled", "expired")) if counts else None,
        created=read_timestamp(job.get("created_at")),
        expires=read_timestamp(job.get("expires_at")),
        raw=job,
    )


status, cancel = plain_flows(_read_state)
