"""Files of JSON Lines, in which OpenAI, Groq and Mistral receive and return the requests of a job.

Sources: https://platform.openai.com/docs/guides/batch, https://console.groq.com/docs/batch,
https://docs.mistral.ai/capabilities/batch
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from ai_lib.providers.jobs.format import JobAnswer, JobEndpoint, JobRequest, RequestFlow
from ai_lib.providers.jobs.reading import read_number, read_object, require_text
from ai_lib.providers.upload.form import encode_form
from ai_lib.types.job import JobStatus
from ai_lib.utils import json

__all__ = ["read_answers", "read_lines", "upload_lines"]

# The codes of requests that were not worked on. Source: https://platform.openai.com/docs/guides/batch#batch-expiration
_ENDED = {"batch_expired": JobStatus.EXPIRED, "batch_cancelled": JobStatus.CANCELLED}
# The content of a file is not labelled as JSON.
_ANY = {"Accept": "*/*"}


def read_lines(data: bytes) -> list[Any]:
    """Return the objects in JSON Lines; raise ValueError where there are lines but no object.

    A line that cannot be read is left out: it must not cost the answers in the others.
    """
    lines = [line for line in data.split(b"\n") if line.strip()]
    objects = []
    for line in lines:
        with suppress(ValueError, RecursionError):
            if isinstance(value := json.loads(line), Mapping):
                objects.append(value)
    if lines and not objects:
        raise ValueError("no line is a JSON object")
    return objects


def upload_lines(at: JobEndpoint, lines: Iterable[Mapping[str, Any]]) -> RequestFlow[str]:
    """Upload a file with these lines and return its id."""
    data = b"".join(json.dumps(line) + b"\n" for line in lines)
    form = encode_form({"purpose": "batch"}, "requests.jsonl", "application/jsonl", data)
    file = yield JobRequest(path=at.options.files, body=form)
    return require_text(file, "id")


def read_answers(at: JobEndpoint, *file_ids: str | None) -> RequestFlow[list[JobAnswer]]:
    """Return the answers in these files, in their order; a file that is None does not exist."""
    answers: list[JobAnswer] = []
    for file_id in filter(None, file_ids):
        path = f"{at.options.files}/{quote(file_id, safe='')}/content"
        for line in (yield JobRequest(path=path, headers=_ANY, lines=True)):
            custom_id, response = line.get("custom_id"), read_object(line, "response")
            body, request_id = response.get("body"), response.get("request_id") or None
            if body is None:
                ended = _ENDED.get(str(read_object(line, "error").get("code")))
                answers.append(JobAnswer(custom_id=custom_id, body={"error": line.get("error")}, ended=ended))
            else:
                code = read_number(response.get("status_code")) or 200
                answers.append(JobAnswer(custom_id=custom_id, status=code, body=body, request_id=request_id))
    return answers
