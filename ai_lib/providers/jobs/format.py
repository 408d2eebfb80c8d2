"""The parts of a wire format for batch jobs: generators that yield requests and receive the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from ai_lib.errors import AiLibError
from ai_lib.providers.operation import Content
from ai_lib.types.job import JobState, JobStatus
from ai_lib.utils.times import parse_date

__all__ = [
    "JobAnswer",
    "JobEndpoint",
    "JobFormat",
    "JobItem",
    "JobOptions",
    "JobRequest",
    "RequestFlow",
    "Submission",
    "read_number",
    "read_object",
    "read_timestamp",
    "require_text",
]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class JobOptions:
    """The settings of one provider.

    Args:
        one_model: Whether all requests of a job must name the same model.
        max_requests: Maximum requests in a job; None means no known limit.
        max_bytes: Maximum bytes of all requests of a job together; None means no known limit.
        prefix: What a job puts before the chat path.
        endpoints: The chat paths that jobs support, with the prefix; empty means that a job does not name one.
        window: The time within which the provider is to finish, in its notation.
        files: The path for uploading and reading files.
    """

    one_model: bool = False
    max_requests: int | None = None
    max_bytes: int | None = None
    prefix: str = ""
    endpoints: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    window: str = "24h"
    files: str = "/files"


@attrs.frozen(kw_only=True)
class JobEndpoint:
    """The place of a provider's jobs.

    Args:
        path: The path for submitting them.
        options: The provider's settings.
        chat_path: The path for chats, as a job names it.
        fail: Makes the typed error for a status and the JSON that would come with it.
    """

    path: str
    options: JobOptions
    chat_path: str
    fail: Callable[[int, Any], AiLibError]

    def job_path(self, job_id: str, suffix: str = "") -> str:
        """Return the path of a job."""
        return f"{self.path}/{quote(job_id, safe='')}{suffix}"


@attrs.frozen(kw_only=True)
class JobRequest:
    """One HTTP request of those that submit, watch or cancel a job.

    Args:
        path: The path, after the provider's base URL.
        body: The body to POST, an object or other content; None means GET.
        model: The model, for paths with a placeholder for it.
        headers: Further headers.
        lines: Whether the answer is JSON Lines; the format then receives a list.
    """

    path: str
    body: Mapping[str, Any] | Content | None = attrs.field(default=None, repr=False)
    model: str | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    lines: bool = False


RequestFlow: TypeAlias = Generator[JobRequest, Any, T]
"""Yields the requests to send one after the other, receives the decoded answer to each, and returns the result."""


@attrs.frozen(kw_only=True)
class JobItem:
    """One chat request inside a job.

    Args:
        custom_id: Its id in the job.
        body: The body that a chat would have sent.
    """

    custom_id: str
    body: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Submission:
    """A job to submit.

    Args:
        items: Its requests.
        model: The model of the first request, and of all where the provider requires one model.
        headers: The headers that the bodies need, such as those for beta features.
    """

    items: Sequence[JobItem]
    model: str | None
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class JobAnswer:
    """The outcome of one request of a job, as the provider reports it.

    Args:
        custom_id: The id of the request; None where the provider does not name it.
        status: The HTTP status that a chat would have had; None for an error object without one.
        body: The body that a chat would have been answered with.
        request_id: The id to quote to the provider's support.
        ended: Why the provider never worked on the request; None where it did.
    """

    custom_id: str | None
    status: int | None = None
    body: Any = attrs.field(default=None, repr=False)
    request_id: str | None = None
    ended: JobStatus | None = None


@attrs.frozen(kw_only=True)
class JobFormat:
    """A wire format for batch jobs.

    Args:
        submit: Submits a job.
        status: Fetches the state of the job with this id.
        results: Fetches the answers of a finished job; answers come before errors.
        cancel: Requests that the job with this id be cancelled.
    """

    submit: Callable[[JobEndpoint, Submission], RequestFlow[JobState]]
    status: Callable[[JobEndpoint, str], RequestFlow[JobState]]
    results: Callable[[JobEndpoint, JobState], RequestFlow[list[JobAnswer]]]
    cancel: Callable[[JobEndpoint, str], RequestFlow[JobState]]


# --- reading answers; `connection.jobs` turns a LookupError or TypeError into an InvalidResponseError


def require_text(payload: Any, field: str) -> str:
    """Return a string that an answer must have.

    Raises:
        LookupError: The field is missing.
        TypeError: It is not a string, or empty.
    """
    value = payload[field]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{field} should be a string, got {type(value).__name__}")
    return value


def read_object(payload: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return an optional object; an empty one for anything else."""
    value = payload.get(field)
    return value if isinstance(value, Mapping) else {}


def read_number(value: Any) -> int | None:
    """Return an integer, which Google sends as a string; None for anything else."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_timestamp(value: Any) -> float | None:
    """Return a time in seconds since 1970, read from a number or a date; None for anything else."""
    if isinstance(value, str):
        date = parse_date(value)
        return None if date is None else date.timestamp()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
