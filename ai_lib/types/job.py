"""A batch job: many chats that a provider works on in its own time, and what became of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from ai_lib.errors import AiLibError
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["JobResult", "JobState", "JobStatus"]


class JobStatus(StrEnum):
    """How far a job is, in this library's words."""

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
        """Whether nothing more will happen; there can be results whatever the word."""
        return self in _FINISHED


_FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.CANCELLED})


@attrs.frozen(kw_only=True)
class JobState:
    """What a provider says of a job.

    Args:
        id: The job's id, with which it can be opened again.
        status: How far it is; a word that this library does not know counts as running.
        raw_status: The provider's own word.
        total: Number of requests, where told.
        succeeded: How many of them have an answer, where told.
        failed: How many of them have an error, have expired or were cancelled, where told.
        created: When it was submitted, in seconds since 1970, where told.
        expires: When the provider gives up on what is not done, in seconds since 1970, where told.
        error: Why the whole job failed; None where it did not.
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
    """What became of one request of a job: an answer or an error, never both and never neither.

    Args:
        custom_id: The request's name in the job: "request-0" for the first one.
        response: The answer.
        error: Why there is none: the error that a chat would have raised.
    """

    custom_id: str
    response: ChatCompletionResponse | None = None
    error: AiLibError | None = attrs.field(default=None, eq=False)
