"""Batch jobs: many chats that a provider works on in its own time, for less money and under limits of their own.

A job is known by its id, which is all that another process needs to open it again. Its requests go out as chats would,
except that nothing is uploaded beside them: media above the inline limit go inside the request. Each file of answers is
read whole, so that it can be no larger than what the transport takes of one answer (64 MiB over HTTP).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.client.request import Prompt, check_several, request_from
from ai_lib.connection.connection import Connection
from ai_lib.connection.operations import told
from ai_lib.errors import InvalidRequestError, RequestTimeoutError
from ai_lib.models.pricing import Pricing
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.jobs.format import JobEndpoint, JobFormat, JobOptions, JobRequest, RequestFlow
from ai_lib.providers.jobs.lines import read_lines
from ai_lib.providers.jobs.requests import build_submission
from ai_lib.providers.jobs.results import SubmittedRequest, build_results
from ai_lib.providers.operation import Content, OperationFormat
from ai_lib.providers.reading import quirks_reader
from ai_lib.providers.registry import load_job_format
from ai_lib.types.job import JobResult, JobState
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import annotate_in_place
from ai_lib.types.wire import HttpResponse, Timeout
from ai_lib.utils import json

__all__ = ["BatchJob", "CallFor", "reopen", "requests_from", "submit"]

T = TypeVar("T")
CallFor: TypeAlias = Callable[[float | Timeout | None], Call]
"""Begins a call that may take so long; None means the client's usual time."""

# A job takes minutes to hours, and a look costs a request: each wait is half as long again, to five minutes at 10 s.
_GROWTH = 1.5
_LONGEST = 30
_GET = Content(body=b"", headers={})
_AS_IT_IS = OperationFormat(
    quirks=lambda _: None,
    encode=lambda step, _, __: _GET if step.body is None else step.body,
    decode=lambda payload, _: payload,
)
_options = quirks_reader(JobOptions, "jobs")


@attrs.frozen
class _Jobs:
    """A provider's batch jobs."""

    own: Connection
    endpoint: Endpoint
    format: JobFormat
    at: JobEndpoint

    def run(self, steps: RequestFlow[T], call: Call) -> T:
        """Return what the steps end in, each sent under the guard."""
        response, payload = HttpResponse(status=200), None
        while True:
            try:
                step = steps.send(payload)
            except StopIteration as done:
                result: T = done.value
                return result
            except (AttributeError, LookupError, TypeError, ValueError) as exc:
                raise self.own.adapter.errors.malformed_error(response, exc) from exc
            # Each is a call of its own where calls have a key, and one with the others in its time.
            response, payload = self._sent(step, call.child())

    def _sent(self, step: JobRequest, call: Call) -> tuple[HttpResponse, Any]:
        adapter, exchange = self.own.adapter, self.own.exchange(call)
        at = attrs.evolve(self.endpoint, path=step.path, headers={**self.endpoint.headers, **step.headers})
        prepared, _ = adapter.operation_request(at, _AS_IT_IS, step)
        if step.body is None:
            prepared = attrs.evolve(prepared, method="GET", body=None)
        once = partial(exchange.ask, prepared, partial(_read, adapter, step.lines))
        return told(call, lambda: self.own.run(once, call))


def _read(adapter: ProviderAdapter, lines: bool, response: HttpResponse) -> tuple[HttpResponse, Any]:
    if response.status >= 300:
        raise adapter.errors.error(response)
    try:
        return response, read_lines(response.body) if lines else json.loads(response.body)
    except (ValueError, RecursionError) as exc:
        raise adapter.errors.not_json_error(response) from exc


def _jobs_of(own: Connection) -> _Jobs:
    """Return the jobs of a provider.

    Raises:
        UnsupportedFeatureError: It has none, or none for the API that the client speaks.
    """
    adapter, config = own.adapter, own.adapter.config
    if config.jobs is None or config.chat_path is None:
        reason = (
            f"the api {config.api!r} has no address for them" if config.api else "the service has no address for them"
        )
        raise adapter.unsupported_error("batch jobs", reason)
    options: JobOptions = _options(config.jobs.options)
    path = options.prefix + config.chat_path
    if options.endpoints and path not in options.endpoints:
        raise adapter.unsupported_error("batch jobs", f"they are for {', '.join(options.endpoints)}, not for {path}")

    def fail(status: int, payload: Any) -> Any:
        return adapter.errors.error(HttpResponse(status=status, body=json.dumps(payload)))

    at = JobEndpoint(path=config.jobs.path, options=options, chat_path=path, fail=fail)
    return _Jobs(own, config.jobs, load_job_format(config.jobs.format), at)


@attrs.define(eq=False, kw_only=True)
class BatchJob:
    """A job at a provider. `AiClient.submit_batch` and `AiClient.batch_job` make them.

    Keep its `id` to open it again, in this process or another.
    """

    id: str
    _jobs: _Jobs = attrs.field(repr=False)
    _call_for: CallFor = attrs.field(repr=False)
    _asked: Sequence[SubmittedRequest] | None = attrs.field(default=None, repr=False)
    _last: JobState | None = attrs.field(default=None, repr=False)

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._jobs.own.name

    @property
    def adjustments(self) -> tuple[str, ...]:
        """What was left out of the requests because the provider has no form for it; empty after opening it again."""
        return tuple(dict.fromkeys(note for asked in self._asked or () for note in asked.adjustments))

    def status(self, *, timeout: float | Timeout | None = None) -> JobState:
        """Ask how far the job is; one that is over is not asked about again.

        Args:
            timeout: Seconds for the call, or a `Timeout`; None means the client's.

        Raises:
            AiLibError: The call failed.
        """
        return self._status(self._call_for(timeout))

    def wait(self, *, timeout: float | None = None, poll: float = 10.0) -> JobState:
        """Wait until the job is over, and return its state. A job that failed is over too: see `JobState.error`.

        Args:
            timeout: Seconds to wait at most; None means for as long as it takes. The job itself goes on.
            poll: Seconds between the first two looks at the job; each further wait is half as long again, up to 30
                times this.

        Raises:
            RequestTimeoutError: The job goes on, and the time is over, or too short for another look.
            AiLibError: A look at the job failed, after the usual retries; the job goes on.
        """
        Timeout(idle=poll, total=timeout)  # raises for what is no number of seconds
        clock = self._jobs.own.guard.clock
        begun, pause = clock.now(), poll
        until = math.inf if timeout is None else begun + timeout
        while True:
            call = self._call_for(None).child(None if timeout is None else until - clock.now())
            state = self._status(call)
            if state.status.finished:
                return state
            left = until - clock.now()
            if left <= poll:
                raise self._still(state, clock.now() - begun)
            # The last look comes half a `poll` before the end, so that there is time for its answer.
            clock.sleep(min(pause, left - poll / 2))
            pause = min(pause * _GROWTH, poll * _LONGEST)

    def results(self, *, timeout: float | Timeout | None = None) -> list[JobResult]:
        """Fetch what became of each request, in the order of the requests.

        Every request has an answer or an error: also one that the provider says nothing of, and one that was not worked
        on because the job failed, expired or was cancelled. Results that are no request's come last.

        Args:
            timeout: Seconds for everything that is fetched, or a `Timeout`; None means the client's.

        Raises:
            InvalidRequestError: The job is not over.
            InvalidResponseError: The answers cannot be read, or (with the code "body_too_large") are more than the
                transport takes at once.
            AiLibError: The results could not be fetched; they can be asked for again.
        """
        call = self._call_for(timeout)
        state = self._status(call)
        if not state.status.finished:
            raise InvalidRequestError(
                f"the job {self.id} is not over: {state.raw_status}",
                code="job_not_over",
                provider=self.provider,
                hint="Call wait() first",
            )
        answers = self._jobs.run(self._jobs.format.results(self._jobs.at, state), call)
        own = self._jobs.own
        results = build_results(own.adapter, state, answers, self._asked)
        for answer in (result.response for result in results if result.response is not None):
            annotate_in_place(answer, pricing=Pricing(own.catalogue, own.name, answer.model, batch=True))
        return results

    def cancel(self, *, timeout: float | Timeout | None = None) -> JobState:
        """Ask the provider to end the job. What is done by then is kept and billed: `wait`, then see `results`.

        Args:
            timeout: Seconds for the call, or a `Timeout`; None means the client's.

        Raises:
            AiLibError: The call failed; some providers refuse to cancel a job that is over.
        """
        return self._jobs.run(self._jobs.format.cancel(self._jobs.at, self.id), self._call_for(timeout))

    def _status(self, call: Call) -> JobState:
        if self._last is None or not self._last.status.finished:
            self._last = self._jobs.run(self._jobs.format.status(self._jobs.at, self.id), call)
        return self._last

    def _still(self, state: JobState, waited: float) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"the job {self.id} is still {state.status.value} after {waited:.0f} s",
            provider=self.provider,
            hint="It goes on: wait() again, or open it later with client.batch_job(id)",
        )


def requests_from(
    prompts: Iterable[Prompt], fields: Mapping[str, Any], model_for: Callable[[str | None], str]
) -> list[ChatCompletionRequest]:
    """Return the requests of a job.

    Args:
        prompts: What is asked: each of them as for a chat.
        fields: The other fields, for all of them.
        model_for: Returns the model to ask for the one that was named, or for None.

    Raises:
        InvalidRequestError: They are no sequence of prompts, or one of them makes no sense.
    """
    check_several(prompts, "a job")
    return [request_from(prompt, dict(fields), model_for) for prompt in prompts]


def submit(
    own: Connection,
    requests: Iterable[ChatCompletionRequest],
    call: Call,
    call_for: CallFor,
) -> BatchJob:
    """Submit a job. What may have arrived is sent again only where the client's policy says so.

    Args:
        own: The provider.
        requests: What is asked; each names its model.
        call: The time of submitting, the upload of a file included.
        call_for: Begins the calls that follow: looking, fetching, cancelling.

    Raises:
        UnsupportedFeatureError: The provider has no batch jobs, or no form for a field; nothing was sent.
        InvalidRequestError: There is no request, or one that cannot be in a job; nothing was sent.
        AiLibError: The job could not be submitted.
    """
    jobs = _jobs_of(own)
    submission, asked = build_submission(own.adapter, jobs.at.options, tuple(requests), call.on_unsupported)
    state = jobs.run(jobs.format.submit(jobs.at, submission), call)
    return BatchJob(id=state.id, jobs=jobs, call_for=call_for, asked=asked)


def reopen(own: Connection, job_id: str, call_for: CallFor) -> BatchJob:
    """Return a job that was submitted before; nothing is sent yet.

    Args:
        own: The provider.
        job_id: The job's id.
        call_for: Begins a call.

    Raises:
        UnsupportedFeatureError: The provider has no batch jobs.
        InvalidRequestError: That cannot be a job's id.
    """
    jobs = _jobs_of(own)
    if not isinstance(job_id, str) or not job_id.isprintable() or {"", ".", ".."} & set(job_id.split("/")):
        raise InvalidRequestError(f"that is no job's id: {job_id!r}", provider=own.name)
    return BatchJob(id=job_id, jobs=jobs, call_for=call_for)
