"""Many chats: batches that run here, and batch jobs that run at the provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import attrs

from ai_lib.client.core import ClientCore
from ai_lib.client.fields import ChatFields, list_fields
from ai_lib.client.request import Prompt, check_is_sequence

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from decimal import Decimal
    from pathlib import Path

    from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult
    from ai_lib.client.batch_run import BatchRun
    from ai_lib.client.fields import BatchOptions, MapOptions
    from ai_lib.connection.jobs import BatchJob
    from ai_lib.types.request import OnUnsupported
    from ai_lib.types.wire import Timeout

__all__ = ["BatchMethods"]

T = TypeVar("T")


class BatchMethods:
    """The methods of `AiClient` that send many chats."""

    _core: ClientCore

    @overload
    def batch(
        self, requests: Iterable[Any], *, response_format: type[T], **options: Unpack[BatchOptions]
    ) -> BatchResult[T]: ...
    @overload
    def batch(
        self, requests: Iterable[Any], *, response_format: None = None, **options: Unpack[BatchOptions]
    ) -> BatchResult[None]: ...
    @overload
    def batch(
        self, requests: Iterable[Any], *, response_format: Any, **options: Unpack[BatchOptions]
    ) -> BatchResult[Any]: ...
    @list_fields
    def batch(
        self,
        requests: Iterable[Any],
        *,
        response_format: Any = None,
        max_workers: int = 8,
        progress: bool | Callable[[BatchProgress], None] = False,
        checkpoint: str | Path | None = None,
        fail_fast: bool = False,
        max_cost: float | str | Decimal | None = None,
        executor: Executor | None = None,
        timeout: float | Timeout | None = None,
        total_timeout: float | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        **fields: Unpack[ChatFields],
    ) -> BatchResult[Any]:
        """Send many chats concurrently and return all results, in the order of the requests.

        Args:
            requests: The prompts, each of any kind that `chat` takes, or a dict with "messages" and further fields.
                Errors of single requests are on their items.
            response_format: The type of `.parsed` of each answer, a JSON Schema, or "json_object".
            max_workers: Maximum requests that run at once; a positive integer.
            progress: True for a progress bar with the cost so far (needs tqdm), or a function that is called with a
                `BatchProgress` after each.
            checkpoint: File to which each answer is saved as it arrives. Run the same batch again with it, after
                whatever happened, and nothing that was answered is sent again.
            fail_fast: Raise the first error as soon as it occurs, instead of going on; what runs then is cancelled.
            max_cost: US dollars, those of the checkpoint included; where the next request could exceed it, no more are
                sent, and `.stopped` says so. Pass `max_tokens` for a limit that holds strictly.
            executor: What runs the work instead of threads: any `concurrent.futures.Executor`, such as Dask's
                `get_executor()`. Where it is not a thread pool, client and requests are pickled and sent to it.
            timeout: Seconds for each request, or a `Timeout`; None means the client's.
            total_timeout: Seconds after which no more are sent; None means no limit.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the calls, by which `spending` adds up and metrics distinguish calls.
            fields: The other fields of `ChatCompletionRequest`, for all requests.

        Returns:
            The items, with sums.

        Raises:
            ConfigurationError: A setting cannot be used, or the checkpoint cannot be written.
            BudgetExceededError: `max_cost` is set, and the price of a request is unknown.
            AiLibError: The first error, with `fail_fast`.
        """
        settings = {name: value for name, value in locals().items() if name not in _NOT_SETTINGS}
        return self._run(requests, {**fields}, response_format, settings).result()

    @overload
    def map(
        self, requests: Iterable[Any], *, response_format: type[T], **options: Unpack[MapOptions]
    ) -> Iterator[BatchItem[T]]: ...
    @overload
    def map(
        self, requests: Iterable[Any], *, response_format: None = None, **options: Unpack[MapOptions]
    ) -> Iterator[BatchItem[None]]: ...
    @overload
    def map(
        self, requests: Iterable[Any], *, response_format: Any, **options: Unpack[MapOptions]
    ) -> Iterator[BatchItem[Any]]: ...
    @list_fields
    def map(
        self,
        requests: Iterable[Any],
        *,
        response_format: Any = None,
        ordered: bool = True,
        max_workers: int = 8,
        progress: bool | Callable[[BatchProgress], None] = False,
        checkpoint: str | Path | None = None,
        fail_fast: bool = False,
        max_cost: float | str | Decimal | None = None,
        executor: Executor | None = None,
        timeout: float | Timeout | None = None,
        total_timeout: float | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        **fields: Unpack[ChatFields],
    ) -> Iterator[BatchItem[Any]]:
        """Send many chats concurrently and yield each result as its turn comes.

        Requests are read from their source only as there is room, so a generator of a million requests takes no more
        memory than a few hundred of them.

        Args:
            requests: The prompts, each of any kind that `chat` takes, or a dict with "messages" and further fields.
            response_format: The type of `.parsed` of each answer, a JSON Schema, or "json_object".
            ordered: Whether items come in the order of the requests, or as they finish.
            max_workers: Maximum requests that run at once; a positive integer.
            progress: True for a progress bar (needs tqdm), or a function that is called with a `BatchProgress`.
            checkpoint: File to which each answer is saved; nothing that it holds is sent again.
            fail_fast: Raise the first error as soon as it occurs, instead of going on; what runs then is cancelled.
            max_cost: US dollars; where the next request could exceed it, the iteration ends.
            executor: Any `concurrent.futures.Executor` that runs the work instead of threads.
            timeout: Seconds for each request, or a `Timeout`; None means the client's.
            total_timeout: Seconds after which no more are sent; None means no limit.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the calls, by which `spending` adds up and metrics distinguish calls.
            fields: The other fields of `ChatCompletionRequest`, for all requests.

        Raises:
            ConfigurationError: A setting cannot be used.
            AiLibError: While the items are read: see `batch`.
        """
        settings = {name: value for name, value in locals().items() if name not in _NOT_SETTINGS}
        return self._run(requests, {**fields}, response_format, settings).items()

    def _run(
        self, requests: Iterable[Any], fields: dict[str, Any], response_format: Any, settings: dict[str, Any]
    ) -> BatchRun:
        from ai_lib.client.batch_run import BatchRun, BatchSettings
        from ai_lib.client.workers import CallSettings

        if response_format is not None:
            fields["response_format"] = response_format
        call = CallSettings(**{name: settings.pop(name) for name in attrs.fields_dict(CallSettings)})
        return BatchRun(self._core, requests, fields, BatchSettings(call=call, **settings))

    # --- batch jobs of the provider

    @list_fields
    def submit_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        response_format: Any = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        **fields: Unpack[ChatFields],
    ) -> BatchJob:
        """Submit many chats as one job, which the provider runs in its own time, for less money.

        Args:
            prompts: The prompts, each of any kind that `chat` takes; a message is a request of its own.
            response_format: The type of `.parsed` of each answer, a JSON Schema, or "json_object".
            timeout: Seconds for submitting, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            fields: The other fields of `ChatCompletionRequest`, for all requests.

        Returns:
            The job; keep its `id` to open it again with `batch_job`.

        Raises:
            UnsupportedFeatureError: The provider has no batch jobs, or does not support a field; nothing was sent.
            InvalidRequestError: There are no prompts, or they cannot be one job; nothing was sent.
            AiLibError: The job could not be submitted.
        """
        from ai_lib.connection.jobs import submit_job

        core = self._core
        check_is_sequence(prompts, "a job")
        call = core.start_call(timeout, on_unsupported)
        requests = [core.build_request(prompt, {**fields}, response_format) for prompt in prompts]
        job = submit_job(core.connection, requests, call, core.start_call)
        core.warn(job.adjustments, call.on_unsupported)
        return job

    def batch_job(self, job_id: str) -> BatchJob:
        """Return a job that was submitted before, here or in another process. Nothing is sent yet.

        Args:
            job_id: The `id` of the job.

        Raises:
            UnsupportedFeatureError: The provider has no batch jobs.
            InvalidRequestError: The id is invalid.
        """
        from ai_lib.connection.jobs import open_job

        return open_job(self._core.connection, job_id, self._core.start_call)


_NOT_SETTINGS = ("self", "requests", "response_format", "fields")
