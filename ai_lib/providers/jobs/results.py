"""What became of each request of a job, in the order of the requests.

Requests are found again by their names, which hold their places. Whatever the provider leaves out is an error that says
why, and whatever it adds comes after the rest.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from ai_lib.errors import AiLibError, CancelledError, InvalidResponseError, ProviderError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.jobs.format import JobAnswer
from ai_lib.types.job import JobResult, JobState, JobStatus
from ai_lib.types.wire import HttpResponse
from ai_lib.utils import json

__all__ = ["SubmittedRequest", "build_results", "make_custom_id"]

_CUSTOM_ID = re.compile(r"request-(0|[1-9][0-9]{0,6})")
# More than any provider takes: what a server says of a number must not fill the memory.
_MOST = 1_000_000


@attrs.frozen(kw_only=True)
class SubmittedRequest:
    """What is kept of a request, for its answer.

    Args:
        model: The model.
        parser: Turns the text into the caller's type.
        adjustments: What was left out of the request.
    """

    model: str | None = None
    parser: Callable[[str], Any] | None = None
    adjustments: tuple[str, ...] = ()


_NOTHING = SubmittedRequest()


def make_custom_id(place: int) -> str:
    """Return the name of the request at a place, from 0."""
    return f"request-{place}"


def build_results(
    adapter: ProviderAdapter, state: JobState, answers: Iterable[JobAnswer], asked: Sequence[SubmittedRequest] | None
) -> list[JobResult]:
    """Return what became of each request.

    Args:
        adapter: Reads an answer as it would that of a chat.
        state: The job, which is over.
        answers: What the provider says of the requests, in any order; the first of two for one request counts.
        asked: What was asked; None when that is not known any more, and the state tells how many there were.
    """
    ours: dict[int, JobAnswer] = {}
    strangers: list[JobAnswer] = []
    most = len(asked) if asked is not None else _MOST
    for answer in answers:
        place = _place_of(answer.custom_id)
        if place is None or place >= most:
            strangers.append(answer)
        else:
            ours.setdefault(place, answer)
    total = min(state.total or 0, _MOST) - len(strangers)
    count = len(asked) if asked is not None else max([total, *(place + 1 for place in ours)])
    nobodys = any(answer.custom_id is None for answer in strangers)
    results = []
    for place in range(count):
        request = asked[place] if asked is not None else _NOTHING
        if place in ours:
            results.append(_result(adapter, state, make_custom_id(place), ours[place], request))
        else:
            error = _unassigned(adapter) if nobodys else _missing(adapter, state, state.status)
            results.append(_failed(make_custom_id(place), error, request))
    return results + [_result(adapter, state, answer.custom_id or "", answer, _NOTHING) for answer in strangers]


def _place_of(custom_id: str | None) -> int | None:
    found = _CUSTOM_ID.fullmatch(custom_id) if isinstance(custom_id, str) else None
    return int(found[1]) if found else None


def _result(
    adapter: ProviderAdapter, state: JobState, custom_id: str, answer: JobAnswer, asked: SubmittedRequest
) -> JobResult:
    if answer.ended is not None:
        return _failed(custom_id, _missing(adapter, state, answer.ended), asked)
    if answer.status is None:
        return _failed(custom_id, adapter.errors.embedded_error(answer.body), asked)
    headers = {"x-request-id": answer.request_id} if answer.request_id else {}
    try:
        response = adapter.decode(HttpResponse(status=answer.status, headers=headers, body=json.dumps(answer.body)))
    except AiLibError as error:
        return _failed(custom_id, error.with_traceback(None), asked)
    response = attrs.evolve(response, parser=asked.parser, adjustments=asked.adjustments)
    return JobResult(custom_id=custom_id, response=response)


def _failed(custom_id: str, error: AiLibError, asked: SubmittedRequest) -> JobResult:
    error.model = error.model or asked.model
    return JobResult(custom_id=custom_id, error=error)


# Expired and cancelled requests were not worked on, and are not billed: they may be submitted again.
_REASONS: dict[JobStatus, tuple[type[AiLibError], str, str]] = {
    JobStatus.EXPIRED: (ProviderError, "batch_expired", "the job expired before this request was worked on"),
    JobStatus.CANCELLED: (CancelledError, "batch_cancelled", "the job was cancelled before this request was worked on"),
    JobStatus.FAILED: (ProviderError, "batch_failed", "the job failed, and the provider does not say why"),
}
_LOST = (InvalidResponseError, "result_missing", "the job is over, and the provider gave no result for this request")


def _missing(adapter: ProviderAdapter, state: JobState, status: JobStatus) -> AiLibError:
    """Return why there is no answer to a request."""
    if state.error is not None and status is JobStatus.FAILED:
        return copy.copy(state.error)
    kind, code, message = _REASONS.get(status, _LOST)
    return kind(message, code=code, provider=adapter.config.id)


def _unassigned(adapter: ProviderAdapter) -> InvalidResponseError:
    return InvalidResponseError(
        "the provider does not say which of its answers is this request's",
        code="result_unassigned",
        provider=adapter.config.id,
        hint="The answers come after the other results, without a custom_id",
    )
