"""Batch jobs at Gemini: the requests go inside the submission, the answers come back inside the status.

Source: https://ai.google.dev/api/batch-api and https://ai.google.dev/gemini-api/docs/batch-api
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

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
    1: (499, "CANCELLED"),
    2: (500, "UNKNOWN"),
    3: (400, "INVALID_ARGUMENT"),
    4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"),
    6: (409, "ALREADY_EXISTS"),
    7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"),
    10: (409, "ABORTED"),
    11: (400, "OUT_OF_RANGE"),
    12: (501, "UNIMPLEMENTED"),
    13: (500, "INTERNAL"),
    14: (503, "UNAVAILABLE"),
    15: (500, "DATA_LOSS"),
    16: (401, "UNAUTHENTICATED"),
}


def _submit(at: JobEndpoint, submission: Submission) -> RequestFlow[JobState]:
    requests = [{"request": item.body, "metadata": {"key": item.custom_id}} for item in submission.items]
    # The name is required and need not be unique.
    batch = {"displayName": "ai-lib", "inputConfig": {"requests": {"requests": requests}}}
    return _state(at, (yield JobRequest(path=at.path, body={"batch": batch}, model=submission.model)))


def _status(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    return _state(at, (yield JobRequest(path=_path(at, job_id))))


def _results(at: JobEndpoint, state: JobState) -> RequestFlow[list[JobAnswer]]:  # noqa: ARG001 - one signature for all
    yield from ()
    return [_answer(one) for one in _inlined(state.raw)]


def _cancel(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
    yield JobRequest(path=_path(at, job_id, ":cancel"), body={})
    return (yield from _status(at, job_id))  # the answer to that is empty


def _path(at: JobEndpoint, job_id: str, further: str = "") -> str:
    """Return a job's path; its id is a name with a slash, as in "batches/123"."""
    version = at.path.partition("/{")[0]
    return f"{version}/{quote(job_id, safe='/')}{further}"


def _state(at: JobEndpoint, operation: Any) -> JobState:
    batch = read_object(operation, "metadata")
    word = batch.get("state") or "BATCH_STATE_UNSPECIFIED"
    status = _STATUSES.get(word.partition("_STATE_")[2]) or _status_of(operation)
    if status is JobStatus.COMPLETED and not operation.get("done") and not _inlined(operation):
        status = JobStatus.FINISHING  # the state may be ahead of the operation, which holds the answers when it is done
    stats = read_object(batch, "batchStats")
    failure = read_object(operation, "error") if status is JobStatus.FAILED else None
    return JobState(
        id=require_text(operation, "name"),
        status=status,
        raw_status=word,
        total=read_number(stats.get("requestCount")),
        succeeded=read_number(stats.get("successfulRequestCount")),
        failed=read_number(stats.get("failedRequestCount")),
        created=read_timestamp(batch.get("createTime")),
        error=at.fail(*_http(failure)) if failure else None,
        raw=operation,
    )


def _status_of(operation: Mapping[str, Any]) -> JobStatus:
    """Return what the operation says where the state says nothing."""
    if not operation.get("done"):
        return JobStatus.RUNNING
    return JobStatus.FAILED if operation.get("error") else JobStatus.COMPLETED


def _inlined(operation: Mapping[str, Any]) -> list[Any]:
    """Return the answers, which are in a list in an object of the same name."""
    output = read_object(operation, "response") or read_object(read_object(operation, "metadata"), "output")
    found = read_object(output, "inlinedResponses").get("inlinedResponses")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _answer(one: Mapping[str, Any]) -> JobAnswer:
    # Never by its place: https://github.com/googleapis/python-genai/issues/1909
    key = read_object(one, "metadata").get("key")
    if error := read_object(one, "error"):
        status, body = _http(error)
        return JobAnswer(custom_id=key, status=status, body=body)
    return JobAnswer(custom_id=key, status=200, body=one.get("response"))


def _http(error: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON with which a chat would have failed."""
    code = read_number(error.get("code")) or 2
    status, word = _RPC_STATUSES.get(code, (code if code >= 400 else 500, None))
    return status, {"error": {**error, "code": status, **({"status": word} if word else {})}}


FORMAT = JobFormat(submit=_submit, status=_status, results=_results, cancel=_cancel)
