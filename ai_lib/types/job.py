"""Batch jobs: many chats that a provider processes asynchronously, at a lower price."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from ai_lib.errors import AiLibError
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["JobResult", "JobState", "JobStatus"]


class JobStatus(StrEnum):
    """The status of a job, the same words for every provider."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHING = "finishing"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether the job has ended; there can be results whatever the status."""
        return self in _FINISHED


_FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.CANCELLED})


@attrs.frozen(kw_only=True)
class JobState:
    """The state of a job, as the provider reports it.

    Args:
        id: The job's id, with which `client.batch_job` opens it again.
        status: The status; a provider's word that is not known counts as running.
        raw_status: The status in the provider's words.
        total: Number of requests; None if not reported.
        succeeded: Number of requests with an answer; None if not reported.
        failed: Number of requests that failed, expired or were cancelled; None if not reported.
        created: When it was submitted, in seconds since 1970; None if not reported.
        expires: When the provider drops unfinished requests, in seconds since 1970; None if not reported.
        error: Why the whole job failed; None if it did not.
        raw: The decoded JSON as the provider sent it.
    """

    id: str
    status: JobStatus
    raw_status: str
    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    created: float | None = None
    expires: float | None = None
    error: AiLibError | None = attrs.field(default=None, eq=False)
    raw: Any = attrs.field(default=None, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class JobResult:
    """The outcome of one request of a job: either an answer or an error.

    Args:
        custom_id: The name of the request in the job: "request-0" for the first one.
        response: The answer.
        error: The error that a chat would have raised.
    """

    custom_id: str
    response: ChatCompletionResponse | None = None
    error: AiLibError | None = attrs.field(default=None, eq=False)
