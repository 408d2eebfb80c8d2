"""What a wire format for batch jobs must offer: functions that yield requests and are sent what they were answered."""

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
    """What differs between the providers.

    Args:
        one_model: Whether all requests of a job must name the same model.
        max_requests: Most requests of a job; None means no limit is known.
        max_bytes: Most bytes of all requests of a job together; None means no limit is known.
        prefix: What stands before the path for chats where a job names it.
        endpoints: The paths for which there are jobs, with the prefix; empty means it need not be named.
        window: The time in which the provider is to be done, in its words.
        files: Where files are uploaded and read.
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
    """Where a provider's jobs are.

    Args:
        path: The path for submitting them.
        options: What differs from other providers with the same format.
        endpoint: The path for chats, as a job names it.
        fail: Makes the typed error out of a status and the JSON that would come with it.
    """

    path: str
    options: JobOptions
    endpoint: str
    fail: Callable[[int, Any], AiLibError]

    def job_path(self, job_id: str, further: str = "") -> str:
        """Return the path of a job."""
        return f"{self.path}/{quote(job_id, safe='')}{further}"


@attrs.frozen(kw_only=True)
class JobRequest:
    """One HTTP request of those that a job takes.

    Args:
        path: Where, after the provider's base URL.
        body: What to POST: an object, or bytes that are no JSON; None means GET.
        model: The model, where the path has a gap for it.
        headers: Further headers.
        lines: Whether the answer is one JSON text a line; the format is then given a list.
    """

    path: str
    body: Mapping[str, Any] | Content | None = attrs.field(default=None, repr=False)
    model: str | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    lines: bool = False


RequestFlow: TypeAlias = Generator[JobRequest, Any, T]
"""Yields the requests to make one after the other, is sent the decoded answer to each, and returns what came of it."""


@attrs.frozen(kw_only=True)
class JobItem:
    """One request of a job.

    Args:
        custom_id: Its name in the job.
        body: What a chat would have sent.
    """

    custom_id: str
    body: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Submission:
    """A job to submit.

    Args:
        items: Its requests.
        model: The model of the first one, which is that of all where the provider demands one.
        headers: The headers that the bodies need, such as those for beta features.
    """

    items: Sequence[JobItem]
    model: str | None
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class JobAnswer:
    """What a provider says of one request of a job.

    Args:
        custom_id: The request's name; None where the provider does not say whose it is.
        status: The status with which a chat would have been answered; None for an error object without one.
        body: What a chat would have been answered.
        request_id: The id to quote to the provider's support.
        ended: Why the request was not worked on, where it was not.
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
        status: Asks how far the job with this id is.
        results: Fetches the answers of a job that is over; answers come before errors.
        cancel: Asks for the job with this id to be ended.
    """

    submit: Callable[[JobEndpoint, Submission], RequestFlow[JobState]]
    status: Callable[[JobEndpoint, str], RequestFlow[JobState]]
    results: Callable[[JobEndpoint, JobState], RequestFlow[list[JobAnswer]]]
    cancel: Callable[[JobEndpoint, str], RequestFlow[JobState]]


# --- reading; what is not as promised raises an error that `client.jobs` makes a typed one


def require_text(payload: Any, field: str) -> str:
    """Return a text that must be there.

    Raises:
        LookupError: It is not.
        TypeError: It is something else.
    """
    value = payload[field]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{field} should be a text, got {type(value).__name__}")
    return value


def read_object(payload: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return an object that may be missing; for anything else an empty one."""
    value = payload.get(field)
    return value if isinstance(value, Mapping) else {}


def read_number(value: Any) -> int | None:
    """Return a whole number, which Google sends as a text; None for anything else."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_timestamp(value: Any) -> float | None:
    """Return a time as seconds since 1970, from such a number or a date; None for anything else."""
    if isinstance(value, str):
        date = parse_date(value)
        return None if date is None else date.timestamp()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
