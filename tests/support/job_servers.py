"""How the batch jobs of each vendor look on the wire, written from the examples in its documentation."""

import json

import attrs
import pytest

__all__ = ["ANTHROPIC", "GEMINI", "GROQ", "MISTRAL", "OPENAI", "VENDORS", "Vendor", "every_vendor", "script_job"]


@attrs.frozen(kw_only=True)
class Vendor:
    """How a provider's job goes over the wire.

    Args:
        id: The provider.
        dialect: The wire format of its chats.
        base: The path of its base URL.
        key: The header that carries the key.
        job: Makes the JSON of a job from its status.
        words: The vendor's words for running, done, expired, cancelling.
        create: The path to which a job is submitted.
        look: The path of its status.
        cancel: The path that cancels it.
        files: Makes the bodies of the result files, by path; the path "" means results inside the job.
        line: Makes the result of a request from its name and the body of a chat; None makes a failed one.
    """

    id: str
    dialect: str = "openai_chat"
    base: str = ""
    key: tuple[str, str] = ("authorization", "Bearer key-1")
    job: object
    words: tuple[str, str, str, str]
    create: str
    look: str
    cancel: str
    files: object
    line: object


def openai_job(word):
    return {
        "id": "job-1",
        "status": word,
        "output_file_id": "out",
        "error_file_id": "err",
        "request_counts": {"total": 3, "completed": 2, "failed": 1},
    }


def mistral_job(word):
    return {"id": "job-1", "status": word, "output_file": "out", "error_file": "err", "total_requests": 3}


def openai_line(name, body):
    if body is None:
        body = {"error": {"message": "slow down"}}
        return {"custom_id": name, "response": {"status_code": 429, "request_id": "r-9", "body": body}, "error": None}
    return {"custom_id": name, "response": {"status_code": 200, "request_id": "r-1", "body": body}, "error": None}


def anthropic_job(word):
    counts = {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0}
    status = "ended" if word == "expired" else word
    return {
        "id": "job-1",
        "processing_status": status,
        "request_counts": {**counts, "expired": 1, "errored": 0} if word == "expired" else counts,
        "results_url": "https://api.anthropic.com/v1/messages/batches/job-1/results",
    }


def anthropic_line(name, body):
    if body is None:
        error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}, "request_id": "r-9"}
        return {"custom_id": name, "result": {"type": "errored", "error": error}}
    return {"custom_id": name, "result": {"type": "succeeded", "message": body}}


def gemini_job(word):
    done = word != "BATCH_STATE_RUNNING"
    return {"name": "batches/job-1", "done": done, "metadata": {"state": word, "batchStats": {"requestCount": "3"}}}


def gemini_line(name, body):
    key = {"metadata": {"key": name}}
    return {"error": {"code": 8, "message": "slow down"}, **key} if body is None else {"response": body, **key}


def lines(*values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


OPENAI = Vendor(
    id="openai",
    base="/v1",
    job=openai_job,
    words=("in_progress", "completed", "expired", "cancelling"),
    create="/v1/batches",
    look="/v1/batches/job-1",
    cancel="/v1/batches/job-1/cancel",
    files=lambda *results: {"/v1/files/out/content": lines(*results[:2]), "/v1/files/err/content": lines(*results[2:])},
    line=openai_line,
)
GROQ = attrs.evolve(
    OPENAI,
    id="groq",
    base="/openai/v1",
    create="/openai/v1/batches",
    look="/openai/v1/batches/job-1",
    cancel="/openai/v1/batches/job-1/cancel",
    files=lambda *results: {
        "/openai/v1/files/out/content": lines(*results[:2]),
        "/openai/v1/files/err/content": lines(*results[2:]),
    },
)
MISTRAL = attrs.evolve(
    OPENAI,
    id="mistral",
    job=mistral_job,
    words=("RUNNING", "SUCCESS", "TIMEOUT_EXCEEDED", "CANCELLATION_REQUESTED"),
    create="/v1/batch/jobs",
    look="/v1/batch/jobs/job-1",
    cancel="/v1/batch/jobs/job-1/cancel",
)
ANTHROPIC = Vendor(
    id="anthropic",
    dialect="anthropic",
    key=("x-api-key", "key-1"),
    job=anthropic_job,
    words=("in_progress", "ended", "expired", "canceling"),
    create="/v1/messages/batches",
    look="/v1/messages/batches/job-1",
    cancel="/v1/messages/batches/job-1/cancel",
    files=lambda *results: {"/v1/messages/batches/job-1/results": lines(*results)},
    line=anthropic_line,
)
GEMINI = Vendor(
    id="gemini",
    dialect="gemini",
    key=("x-goog-api-key", "key-1"),
    job=gemini_job,
    words=("BATCH_STATE_RUNNING", "BATCH_STATE_SUCCEEDED", "BATCH_STATE_EXPIRED", "BATCH_STATE_CANCELLED"),
    create="/v1beta/models/m:batchGenerateContent",
    look="/v1beta/batches/job-1",
    cancel="/v1beta/batches/job-1:cancel",
    files=lambda *results: {"": results},
    line=gemini_line,
)
VENDORS = (OPENAI, GROQ, MISTRAL, ANTHROPIC, GEMINI)
every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.id)


def script_job(server, vendor, word, *results):
    """Let the server answer with a job that has this status and these results."""
    job, files = vendor.job(word), vendor.files(*results) if results else {}
    if "" in files:  # they are inside the job
        job["response"] = {"inlinedResponses": {"inlinedResponses": list(files.pop(""))}}
    routes = {vendor.create: job, vendor.look: job, vendor.cancel: job, f"{vendor.base}/files": {"id": "file-1"}}
    nothing = dict.fromkeys((f"{vendor.base}/files/out/content", f"{vendor.base}/files/err/content"), b"")
    served = {**nothing, "/v1/messages/batches/job-1/results": b"", **routes, **files}

    def answer(connection):
        payload = served[connection.read_request().path]
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        connection.head(200, {"content-length": str(len(body))})
        connection.send(body)

    server.script(answer)
