"""Batch jobs: many chats that a provider works on in its own time, for less money and under separate limits.

A job is known by its id, which is all that another process needs to open it again. Its requests are encoded as chats
are, except that nothing is uploaded: media above the inline limit go inside the request. Each file of results is read
whole, so it can be no larger than what the transport accepts in one answer (64 MiB over HTTP).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.connection import Connection
from ai_lib.errors import InvalidRequestError, RequestTimeoutError
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

__all__ = ["BatchJob", "StartCall", "open_job", "submit_job"]

T = TypeVar("T")
StartCall: TypeAlias = Callable[[float | Timeout | None], Call]
"""Starts a call with a timeout; None means the client's."""

# A job takes minutes to hours, and each poll costs a request: every wait is half as long again as the one before, up
# to 30 times the first (5 minutes for 10 s).
_BACKOFF_FACTOR = 1.5
_MAX_BACKOFF = 30
_GET = Content(body=b"", headers={})
_STEP = OperationFormat(
    quirks=lambda _: None,
    encode=lambda step, _, __: _GET if step.body is None else step.body,
    decode=lambda payload, _: payload,
)
_options = quirks_reader(JobOptions, "jobs")


@attrs.frozen
class _JobClient:
    """Runs the steps of jobs at one provider."""

    connection: Connection
    endpoint: Endpoint
    format: JobFormat
    at: JobEndpoint

    @classmethod
    def of(cls, connection: Connection) -> _JobClient:
        """Return the client for a provider's jobs.

        Raises:
            UnsupportedFeatureError: It has none, or none for the API in use.
        """
        adapter, config = connection.adapter, connection.adapter.config
        if config.jobs is None or config.chat_path is None:
            api = f"the api {config.api!r}" if config.api else "the service"
            raise adapter.unsupported_error("batch jobs", f"{api} has no address for them")
        options: JobOptions = _options(config.jobs.options)
        path = options.prefix + config.chat_path
        if options.endpoints and path not in options.endpoints:
            raise adapter.unsupported_error(
                "batch jobs", f"they are for {', '.join(options.endpoints)}, not for {path}"
            )

        def fail(status: int, payload: Any) -> Any:
            return adapter.errors.error(HttpResponse(status=status, body=json.dumps(payload)))

        at = JobEndpoint(path=config.jobs.path, options=options, chat_path=path, fail=fail)
        return cls(connection, config.jobs, load_job_format(config.jobs.format), at)

    def run(self, steps: RequestFlow[T], call: Call) -> T:
        """Send each step under the guard, and return the result of the last."""
        response, payload = HttpResponse(status=200), None
        while True:
            try:
                step = steps.send(payload)
            except StopIteration as done:
                result: T = done.value
                return result
            except (AttributeError, LookupError, TypeError, ValueError) as exc:
                raise self.connection.adapter.errors.malformed_error(response, exc) from exc
            # Each step has an idempotency key of its own, and shares the time limit of the call.
            response, payload = self._send(step, call.child())

    def _send(self, step: JobRequest, call: Call) -> tuple[HttpResponse, Any]:
        adapter = self.connection.adapter
        at = attrs.evolve(self.endpoint, path=step.path, headers={**self.endpoint.headers, **step.headers})
        prepared, _ = adapter.operation_request(at, _STEP, step)
        if step.body is None:
            prepared = attrs.evolve(prepared, method="GET", body=None)

        def read(response: HttpResponse) -> tuple[HttpResponse, Any]:
            if response.status >= 300:
                raise adapter.errors.error(response)
            try:
                return response, read_lines(response.body) if step.lines else json.loads(response.body)
            except (ValueError, RecursionError) as exc:
                raise adapter.errors.not_json_error(response) from exc

        with call.annotating_errors():
            return self.connection.run(partial(self.connection.exchange(call).send, prepared, read), call)


@attrs.define(eq=False, kw_only=True)
class BatchJob:
    """A job at a provider. `AiClient.submit_batch` and `AiClient.batch_job` make them.

    Keep its `id` to open it again, in this process or another.
    """

    id: str
    _client: _JobClient = attrs.field(repr=False)
    _start_call: StartCall = attrs.field(repr=False)
    _requests: Sequence[SubmittedRequest] | None = attrs.field(default=None, repr=False)
    _last: JobState | None = attrs.field(default=None, repr=False)

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._client.connection.name

    @property
    def adjustments(self) -> tuple[str, ...]:
        """What was left out of the requests because the provider does not support it; empty for a reopened job."""
        return tuple(dict.fromkeys(note for request in self._requests or () for note in request.adjustments))

    def status(self, *, timeout: float | Timeout | None = None) -> JobState:
        """Return the state of the job; nothing is sent for one that is known to have finished.

        Args:
            timeout: Seconds for the call, or a `Timeout`; None means the client's.

        Raises:
            AiLibError: The call failed.
        """
        return self._status(self._start_call(timeout))

    def wait(self, *, timeout: float | None = None, poll: float = 10.0) -> JobState:
        """Wait until the job has finished, and return its state. A failed job has finished: see `JobState.error`.

        Args:
            timeout: Maximum seconds to wait; None waits without limit. The job itself goes on.
            poll: Seconds between the first two polls; each further wait is half as long again, up to 30 times this.

        Raises:
            RequestTimeoutError: The job goes on, and the time left is too short for another poll.
            AiLibError: A poll failed, after the usual retries; the job goes on.
        """
        Timeout(idle=poll, total=timeout)  # raises for what is not a number of seconds
        clock = self._client.connection.guard.clock
        started, pause = clock.now(), poll
        until = math.inf if timeout is None else started + timeout
        while True:
            state = self._status(self._start_call(None).child(None if timeout is None else until - clock.now()))
            if state.status.finished:
                return state
            remaining = until - clock.now()
            if remaining <= poll:
                raise RequestTimeoutError(
                    f"the job {self.id} is still {state.status.value} after {clock.now() - started:.0f} s",
                    provider=self.provider,
                    hint="It goes on: wait() again, or open it later with client.batch_job(id)",
                )
            # The last poll comes half a `poll` before the end, so that there is time for its answer.
            clock.sleep(min(pause, remaining - poll / 2))
            pause = min(pause * _BACKOFF_FACTOR, poll * _MAX_BACKOFF)

    def results(self, *, timeout: float | Timeout | None = None) -> list[JobResult]:
        """Fetch the result of each request, in the order of the requests.

        Every request has an answer or an error: also one that the provider does not mention, and one that was not
        processed because the job failed, expired or was cancelled. Results that match no request come last.

        Args:
            timeout: Seconds for everything that is fetched, or a `Timeout`; None means the client's.

        Raises:
            InvalidRequestError: The job has not finished.
            InvalidResponseError: The answers cannot be read, or (with the code "body_too_large") are larger than what
                the transport accepts.
            AiLibError: The results could not be fetched; calling again may succeed.
        """
        call = self._start_call(timeout)
        state = self._status(call)
        if not state.status.finished:
            raise InvalidRequestError(
                f"the job {self.id} has not finished: {state.raw_status}",
                code="job_not_finished",
                provider=self.provider,
                hint="Call wait() first",
            )
        client = self._client
        answers = client.run(client.format.results(client.at, state), call)
        results = build_results(client.connection.adapter, state, answers, self._requests)
        for result in results:
            if result.response is not None:
                cost = partial(client.connection.catalogue.response_cost, self.provider, None, batch=True)
                annotate_in_place(result.response, pricing=cost)
        return results

    def cancel(self, *, timeout: float | Timeout | None = None) -> JobState:
        """Cancel the job. What is done by then is kept and billed: call `wait`, then `results`.

        Args:
            timeout: Seconds for the call, or a `Timeout`; None means the client's.

        Raises:
            AiLibError: The call failed; some providers refuse to cancel a job that has finished.
        """
        return self._client.run(self._client.format.cancel(self._client.at, self.id), self._start_call(timeout))

    def _status(self, call: Call) -> JobState:
        if self._last is None or not self._last.status.finished:
            self._last = self._client.run(self._client.format.status(self._client.at, self.id), call)
        return self._last


def submit_job(
    connection: Connection, requests: Iterable[ChatCompletionRequest], call: Call, start_call: StartCall
) -> BatchJob:
    """Submit a job. A request with an unknown outcome is sent again only where the client's policy allows it.

    Args:
        connection: The provider.
        requests: The requests; each names its model.
        call: The call for submitting, the upload of a file included.
        start_call: Starts the calls that follow: polling, fetching, cancelling.

    Raises:
        UnsupportedFeatureError: The provider has no batch jobs, or does not support a field; nothing was sent.
        InvalidRequestError: There is no request, or one that cannot be in a job; nothing was sent.
        AiLibError: The job could not be submitted.
    """
    client = _JobClient.of(connection)
    submission, asked = build_submission(connection.adapter, client.at.options, tuple(requests), call.on_unsupported)
    state = client.run(client.format.submit(client.at, submission), call)
    return BatchJob(id=state.id, client=client, start_call=start_call, requests=asked)


def open_job(connection: Connection, job_id: str, start_call: StartCall) -> BatchJob:
    """Return a job that was submitted before; nothing is sent yet.

    Args:
        connection: The provider.
        job_id: The job's id.
        start_call: Starts a call.

    Raises:
        UnsupportedFeatureError: The provider has no batch jobs.
        InvalidRequestError: The id is invalid.
    """
    client = _JobClient.of(connection)
    if not isinstance(job_id, str) or not job_id.isprintable() or {"", ".", ".."} & set(job_id.split("/")):
        raise InvalidRequestError(f"invalid job id: {job_id!r}", provider=connection.name)
    return BatchJob(id=job_id, client=client, start_call=start_call)
