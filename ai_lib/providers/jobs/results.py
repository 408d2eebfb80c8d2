"""The results of a job: one for each request, in the order of the requests.

A request is recognised by its custom id, which holds its index. A request that the provider leaves out gets an error
that says why; answers to no known request come after the others.
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
# More than any provider allows: a number that a server made up must not fill the memory.
_MAX_REQUESTS = 1_000_000
# Expired and cancelled requests were not worked on, and are not billed: they may be submitted again.
_REASONS: dict[JobStatus, tuple[type[AiLibError], str, str]] = {
    JobStatus.EXPIRED: (ProviderError, "batch_expired", "the job expired before this request was worked on"),
    JobStatus.CANCELLED: (CancelledError, "batch_cancelled", "the job was cancelled before this request was worked on"),
    JobStatus.FAILED: (ProviderError, "batch_failed", "the job failed, and the provider gave no reason"),
}
_MISSING = (InvalidResponseError, "result_missing", "the job has finished without a result for this request")


@attrs.frozen(kw_only=True)
class SubmittedRequest:
    """The parts of a request that its answer needs: `adjustments` is what was left out of it."""

    model: str | None = None
    parser: Callable[[str], Any] | None = None
    adjustments: tuple[str, ...] = ()


_UNKNOWN = SubmittedRequest()


def make_custom_id(index: int) -> str:
    """Return the custom id of the request at an index."""
    return f"request-{index}"


def build_results(
    adapter: ProviderAdapter,
    state: JobState,
    answers: Iterable[JobAnswer],
    submitted: Sequence[SubmittedRequest] | None,
) -> list[JobResult]:
    """Return the result of each request of a finished job; of two answers to one request the first one counts.

    The state says how many requests there were where they are no longer known.
    """
    by_index: dict[int, JobAnswer] = {}
    unmatched: list[JobAnswer] = []
    for answer in answers:
        match = _CUSTOM_ID.fullmatch(answer.custom_id) if isinstance(answer.custom_id, str) else None
        index = int(match[1]) if match else _MAX_REQUESTS
        if index < (len(submitted) if submitted is not None else _MAX_REQUESTS):
            by_index.setdefault(index, answer)
        else:
            unmatched.append(answer)
    if submitted is None:
        total = min(state.total or 0, _MAX_REQUESTS) - len(unmatched)
        submitted = [_UNKNOWN] * max([total, *(index + 1 for index in by_index)])
    anonymous = any(answer.custom_id is None for answer in unmatched)
    results = []
    for index, request in enumerate(submitted):
        if index in by_index:
            results.append(_read_result(adapter, state, make_custom_id(index), by_index[index], request))
            continue
        error = _missing_error(adapter, state, state.status)
        if anonymous:
            error = InvalidResponseError(
                "the provider does not say which of its answers belongs to this request",
                code="result_unassigned",
                provider=adapter.config.id,
                hint="The answers come after the other results, without a custom_id",
            )
        error.model = error.model or request.model
        results.append(JobResult(custom_id=make_custom_id(index), error=error))
    return results + [_read_result(adapter, state, answer.custom_id or "", answer, _UNKNOWN) for answer in unmatched]


def _read_result(
    adapter: ProviderAdapter, state: JobState, custom_id: str, answer: JobAnswer, request: SubmittedRequest
) -> JobResult:
    if answer.ended is not None:
        error = _missing_error(adapter, state, answer.ended)
    elif answer.status is None:
        error = adapter.errors.embedded_error(answer.body)
    else:
        headers = {"x-request-id": answer.request_id} if answer.request_id else {}
        try:
            response = adapter.decode(HttpResponse(status=answer.status, headers=headers, body=json.dumps(answer.body)))
        except AiLibError as exc:
            error = exc.with_traceback(None)
        else:
            response = attrs.evolve(response, parser=request.parser, adjustments=request.adjustments)
            return JobResult(custom_id=custom_id, response=response)
    error.model = error.model or request.model
    return JobResult(custom_id=custom_id, error=error)


def _missing_error(adapter: ProviderAdapter, state: JobState, status: JobStatus) -> AiLibError:
    """Return why a request has no answer."""
    if state.error is not None and status is JobStatus.FAILED:
        return copy.copy(state.error)
    error_type, code, message = _REASONS.get(status, _MISSING)
    return error_type(message, code=code, provider=adapter.config.id)
