"""Batch jobs at Gemini: the requests are in the submission, the answers are in the status.

Source: https://ai.google.dev/api/batch-api and https://ai.google.dev/gemini-api/docs/batch-api
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ai_lib.providers.jobs.format import JobAnswer, JobEndpoint, JobRequest, RequestFlow, Submission
from ai_lib.providers.jobs.reading import read_number, read_object, read_timestamp, require_text
from ai_lib.types.job import JobState, JobStatus

__all__ = ["cancel", "results", "status", "submit"]

# After BATCH_STATE_, or JOB_STATE_ in the guide and in Google's own clients.
_STATUSES = {
    "PENDING": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "SUCCEEDED": JobStatus.COMPLETED,
    "FAILED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
    "EXPIRED": JobStatus.EXPIRED,
}
# A job's errors have the codes of google.rpc.Code, a chat's those of HTTP.
# Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_RPC_STATUSES = {
    1: (499, "CANCELLED"), 2: (500, "UNKNOWN"), 3: (400, "INVALID_ARGUMENT"), 4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"), 6: (409, "ALREADY_EXISTS"), 7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"), 9: (400, "FAILED_PRECONDITION"), 10: (409, "ABORTED"),
    11: (400, "OUT_OF_RANGE"), 12: (501, "UNIMPLEMENTED"), 13: (500, "INTERNAL"), 14: (503, "UNAVAILABLE"),
    15: (500, "DATA_LOSS"), 16: (401, "UNAUTHENTICATED"),
}  # fmt: skip


def submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    """Submit a job."""
    requests = [{"request": item.body, "metadata": {"key": item.custom_id}} for item in submission.items]
    # The name is required and need not be unique.
    batch = {"displayName": "ai-lib", "inputConfig": {"requests": {"requests": requests}}}
    return _read_state(at, (yield JobRequest(path=at.path, body={"batch": batch}, model=submission.model)))


def status(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    """Fetch the state of a job."""
    return _read_state(at, (yield JobRequest(path=_job_path(at, job_id))))


def results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:  # noqa: ARG001 - one signature for all
    """Return the answers, which the state of a finished job holds."""
    yield from ()
    answers = []
    for item in _inlined_answers(state.raw):
        # The key is the only link to a request, as answers come in any order:
        # https://github.com/googleapis/python-genai/issues/1909
        key, code, body = read_object(item, "metadata").get("key"), 200, item.get("response")
        if error := read_object(item, "error"):
            code, body = _to_http_error(error)
        answers.append(JobAnswer(custom_id=key, status=code, body=body))
    return answers


def cancel(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    """Request that a job be cancelled, and fetch its state: the answer to the request is empty."""
    yield JobRequest(path=_job_path(at, job_id, ":cancel"), body={})
    return (yield from status(at, job_id))


def _job_path(at: JobEndpoint, job_id: str, suffix: str = "") -> str:
    """Return the path of a job; its id is a name with a slash, as in "batches/123"."""
    version = at.path.partition("/{")[0]
    return f"{version}/{quote(job_id, safe='/')}{suffix}"


def _read_state(at: JobEndpoint, operation: Any) -> JobState:
    batch = read_object(operation, "metadata")
    word = batch.get("state") or "BATCH_STATE_UNSPECIFIED"
    status = _STATUSES.get(word.partition("_STATE_")[2])
    if status is None and operation.get("done"):  # the operation knows what an unspecified state does not say
        status = JobStatus.FAILED if operation.get("error") else JobStatus.COMPLETED
    if status is JobStatus.COMPLETED and not operation.get("done") and not _inlined_answers(operation):
        status = JobStatus.FINISHING  # the state may be ahead of the operation, which holds the answers when it is done
    stats = read_object(batch, "batchStats")
    failure = read_object(operation, "error") if status is JobStatus.FAILED else None
    return JobState(
        id=require_text(operation, "name"),
        status=status or JobStatus.RUNNING,
        raw_status=word,
        total=read_number(stats.get("requestCount")),
        succeeded=read_number(stats.get("successfulRequestCount")),
        failed=read_number(stats.get("failedRequestCount")),
        created=read_timestamp(batch.get("createTime")),
        error=at.fail(*_to_http_error(failure)) if failure else None,
        raw=operation,
    )


def _inlined_answers(operation: Mapping[str, Any]) -> list[Any]:
    """Return the answers, which are in a list in an object of the same name."""
    output = read_object(operation, "response") or read_object(read_object(operation, "metadata"), "output")
    answers = read_object(output, "inlinedResponses").get("inlinedResponses")
    return [answer for answer in answers if isinstance(answer, Mapping)] if isinstance(answers, list) else []


def _to_http_error(error: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON with which a chat would have failed."""
    code = read_number(error.get("code")) or 2
    status, word = _RPC_STATUSES.get(code, (code if code >= 400 else 500, None))
    return status, {"error": {**error, "code": status, **({"status": word} if word else {})}}
