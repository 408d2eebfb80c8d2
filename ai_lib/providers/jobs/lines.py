"""Jobs that come and go as files, one JSON text a line: OpenAI's form, which Groq and Mistral took over.

Sources: https://platform.openai.com/docs/guides/batch, https://console.groq.com/docs/batch,
https://docs.mistral.ai/capabilities/batch
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ai_lib.providers.jobs.format import (
    JobAnswer,
    JobEndpoint,
    JobRequest,
    RequestFlow,
    read_number,
    read_object,
    require_text,
)
from ai_lib.providers.operation import Content
from ai_lib.providers.upload.form import encode_form
from ai_lib.types.job import JobStatus
from ai_lib.utils import json

__all__ = ["read_answers", "read_lines", "upload_lines"]

# The codes of requests that were not worked on. Source: https://platform.openai.com/docs/guides/batch#batch-expiration
_ENDED = {"batch_expired": JobStatus.EXPIRED, "batch_cancelled": JobStatus.CANCELLED}
# The content of a file is not labelled as JSON.
_ANY = {"Accept": "*/*"}


def read_lines(data: bytes) -> list[Any]:
    """Return the objects in a file with one JSON text a line.

    A line that cannot be read is left out, as the others need not be lost with it.

    Raises:
        ValueError: No line can be read, and the file is not empty.
    """
    lines = [line for line in data.split(b"\n") if line.strip()]
    found = [value for line in lines if isinstance(value := _loaded(line), Mapping)]
    if lines and not found:
        raise ValueError("no line is a JSON object")
    return found


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def upload_lines(at: JobEndpoint, lines: Iterable[Mapping[str, Any]]) -> RequestFlow[str]:
    """Upload a file with these lines and return its id."""
    data = b"".join(json.dumps(line) + b"\n" for line in lines)
    body, boundary = encode_form({"purpose": "batch"}, "requests.jsonl", "application/jsonl", data)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    file = yield JobRequest(path=at.options.files, body=Content(body=body, headers=headers))
    return require_text(file, "id")


def read_answers(at: JobEndpoint, *file_ids: str | None) -> RequestFlow[list[JobAnswer]]:
    """Return the answers in these files, in their order; a file that is None does not exist."""
    answers: list[JobAnswer] = []
    for file_id in file_ids:
        if file_id:
            lines = yield JobRequest(
                path=f"{at.options.files}/{quote(file_id, safe='')}/content", headers=_ANY, lines=True
            )
            answers += [_answer(line) for line in lines]
    return answers


def _answer(line: Mapping[str, Any]) -> JobAnswer:
    custom_id, response = line.get("custom_id"), read_object(line, "response")
    if response.get("body") is None:
        ended = _ENDED.get(str(read_object(line, "error").get("code")))
        return JobAnswer(custom_id=custom_id, body={"error": line.get("error")}, ended=ended)
    return JobAnswer(
        custom_id=custom_id,
        status=read_number(response.get("status_code")) or 200,
        body=response["body"],
        request_id=response.get("request_id") or None,
    )
