"""The parts of a wire format for batch jobs: generators that yield requests and receive the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from ai_lib.errors import AiLibError
from ai_lib.providers.operation import Content
from ai_lib.types.job import JobState, JobStatus

__all__ = [
    "JobAnswer", "JobEndpoint", "JobFormat", "JobItem", "JobOptions", "JobRequest", "RequestFlow", "Submission",
    "plain_flows",
]  # fmt: skip

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
    """The place of a provider's jobs: the path for submitting them, and the path for chats as a job names it.

    `fail` makes the typed error for a status and the JSON that would come with it.
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
    """One chat request inside a job: its id there, and the body that a chat would have sent."""

    custom_id: str
    body: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Submission:
    """A job to submit, with the first request's model and the headers that the bodies need, as for beta features."""

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
    """A wire format for batch jobs; `results` returns answers before errors."""

    submit: Callable[[JobEndpoint, Submission], RequestFlow[JobState]]
    status: Callable[[JobEndpoint, str], RequestFlow[JobState]]
    results: Callable[[JobEndpoint, JobState], RequestFlow[list[JobAnswer]]]
    cancel: Callable[[JobEndpoint, str], RequestFlow[JobState]]


def plain_flows(
    read_state: Callable[[JobEndpoint, Any], JobState],
) -> tuple[Callable[[JobEndpoint, str], RequestFlow[JobState]], Callable[[JobEndpoint, str], RequestFlow[JobState]]]:
    """Return `status` and `cancel` of a format whose answers to both requests are the state of the job."""

    def status(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
        return read_state(at, (yield JobRequest(path=at.job_path(job_id))))

    def cancel(at: JobEndpoint, job_id: str) -> RequestFlow[JobState]:
        return read_state(at, (yield JobRequest(path=at.job_path(job_id, "/cancel"), body={})))

    return status, cancel
