"""What a client does in more than one call: conversations with tools, and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.client.request import Prompt, request_from

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from decimal import Decimal
    from pathlib import Path

    from ai_lib.api.call import Call
    from ai_lib.api.chat import ChatProvider
    from ai_lib.batch.item import BatchItem, BatchProgress, BatchResult
    from ai_lib.client.batch_run import Batch
    from ai_lib.connection.connection import Connection
    from ai_lib.connection.jobs import BatchJob
    from ai_lib.models.spending import Budget
    from ai_lib.tools.execute import Approve
    from ai_lib.tools.loop import ToolStream
    from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
    from ai_lib.types.response import ChatCompletionResponse
    from ai_lib.types.wire import Timeout

__all__ = ["Work"]


class Work:
    """The part of `AiClient` that asks again and again."""

    if TYPE_CHECKING:
        _own: Connection
        answering: ChatProvider
        _named: Callable[[str | None], str]

        def _call(self, timeout: Any, on_unsupported: Any = None, tags: Any = (), budget: Any = None) -> Call: ...
        def _tell(self, adjustments: tuple[str, ...], on_unsupported: OnUnsupported) -> None: ...
        def _asked(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse: ...

    # --- tools

    def run_tools(
        self,
        messages: Prompt,
        tools: Iterable[Any],
        *,
        max_rounds: int = 10,
        tool_timeout: float | None = None,
        max_workers: int = 8,
        approve: Approve | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Any,
    ) -> ChatCompletionResponse:
        """Ask, run the tools that the model calls for, tell it the results, and go on until it has an answer.

        The calls of one round run side by side. Arguments are checked against the tool's schema first; those that do
        not fit, an exception, a refusal and a time that is over are told to the model as failed calls, so that it can
        do something about them.

        Args:
            messages: As for `chat`.
            tools: Functions, `Tool`s with a function, or a `Toolbox`.
            max_rounds: Most answers with tool calls.
            tool_timeout: Most seconds for each tool call; None for no limit of its own.
            max_workers: Most tool calls that run at once.
            approve: Called with each `ToolCall` before it runs, in this thread: True to run it, False to refuse it, or
                a text that tells the model why not.
            timeout: Seconds for the whole conversation, or a `Timeout`; None means the client's.
            on_unsupported: As for `chat`.
            tags: As for `chat`.
            budget: As for `chat`; every round is paid from it.
            fields: As for `chat`. A `tool_choice` other than "none" holds for the first round; then the model chooses.

        Returns:
            The last answer; `.messages` is the whole conversation, `.rounds` are the answers before it, `.total_cost`
            is what they cost together. The conversation can be continued, here or at another provider.

        Raises:
            ToolLoopError: The model goes on calling tools, or repeats itself; `.partial.messages` is the conversation.
            AiLibError: As for `chat`; what had been said is on `.partial.messages`.
        """
        from ai_lib.tools.loop import ToolLimits, run_tools

        request, box = self._with_tools(messages, tools, fields)
        call = self._call(timeout, on_unsupported, tags, budget)
        limits = ToolLimits(max_rounds=max_rounds, timeout=tool_timeout, max_workers=max_workers, approve=approve)
        return run_tools(request, box, self._asked, call, limits)

    def stream_tools(
        self,
        messages: Prompt,
        tools: Iterable[Any],
        *,
        max_rounds: int = 10,
        tool_timeout: float | None = None,
        max_workers: int = 8,
        approve: Approve | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Any,
    ) -> ToolStream:
        """Do as `run_tools`, and give out the chunks of every answer as they come.

        Between two answers, while the tools run, nothing comes.

        Args:
            messages: As for `run_tools`; so are the others.
            tools: As for `run_tools`.
            max_rounds: As for `run_tools`.
            tool_timeout: As for `run_tools`.
            max_workers: As for `run_tools`.
            approve: As for `run_tools`.
            timeout: As for `run_tools`.
            on_unsupported: As for `run_tools`.
            tags: As for `run_tools`.
            budget: As for `run_tools`.
            fields: As for `run_tools`.

        Returns:
            The stream; at its end `.response` is what `run_tools` would have returned.

        Raises:
            AiLibError: The first answer cannot be had; iterating raises what happens later.
        """
        from ai_lib.tools.loop import ToolLimits, ToolStream

        request, box = self._with_tools(messages, tools, fields)
        call = self._call(timeout, on_unsupported, tags, budget).child()  # a part can be cancelled
        limits = ToolLimits(max_rounds=max_rounds, timeout=tool_timeout, max_workers=max_workers, approve=approve)
        return ToolStream(request, box, self.answering.stream, call, limits)

    def _with_tools(self, messages: Prompt, tools: Iterable[Any], fields: dict[str, Any]) -> tuple[Any, Any]:
        from ai_lib.tools.registry import Toolbox

        box = tools if isinstance(tools, Toolbox) else Toolbox(tools)
        # Given with the request, so that what it says of tools (tool_choice and so on) is checked against them.
        return request_from(messages, {**fields, "tools": tuple(box)}, self._named), box

    # --- jobs of the provider

    def submit_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        **fields: Any,
    ) -> BatchJob:
        """Have the provider work on many chats in its own time, for less money.

        Args:
            prompts: What is asked: each of them as for `chat`, so that a message is a request of its own.
            timeout: Seconds for submitting, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.
            fields: As for `chat`, for all of them.

        Returns:
            The job; keep its `id` to open it again with `batch_job`.

        Raises:
            UnsupportedFeatureError: The provider has no batch jobs, or no form for a field; nothing was sent.
            InvalidRequestError: There are no prompts, or they cannot be one job; nothing was sent.
            AiLibError: The job could not be submitted.
        """
        from ai_lib.connection.jobs import requests_from, submit

        call = self._call(timeout, on_unsupported)
        job = submit(self._own, requests_from(prompts, fields, self._own.named), call, self._call)
        self._tell(job.adjustments, call.on_unsupported)
        return job

    def batch_job(self, job_id: str) -> BatchJob:
        """Return a job that was submitted before, here or in another process. Nothing is sent until it is asked.

        Args:
            job_id: The `id` of the job.

        Raises:
            UnsupportedFeatureError: The provider has no batch jobs.
            InvalidRequestError: That cannot be a job's id.
        """
        from ai_lib.connection.jobs import reopen

        return reopen(self._own, job_id, self._call)

    # --- batches

    def batch(
        self,
        requests: Iterable[Any],
        *,
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
        **fields: Any,
    ) -> BatchResult:
        """Ask many things side by side and return everything that came of it, in the order of the requests.

        Args:
            requests: What to ask: each as for `chat`, or a dict with "messages" and further fields. Errors of single
                requests are on their items.
            max_workers: Most that run at once.
            progress: True for a bar with the cost so far (needs tqdm), or a function that is called with a
                `BatchProgress` after each.
            checkpoint: A file to which each answer is written as it comes. Run the same again with it, after whatever
                happened, and nothing that was answered is asked again.
            fail_fast: Raise the first error as soon as it is there, instead of going on; what runs then is cancelled.
            max_cost: US dollars, those in the checkpoint included; where the next request could pass it, no more are
                sent, and `.stopped` says so. Name `max_tokens` for a limit that holds strictly.
            executor: What runs the work instead of threads: any `concurrent.futures.Executor`, such as Dask's
                `get_executor()`. Where it is no thread pool, client and requests are pickled and sent to it.
            timeout: Seconds for each request, or a `Timeout`; None means the client's.
            total_timeout: Seconds after which no more are sent.
            on_unsupported: As for `chat`.
            tags: As for `chat`.
            fields: Fields of all requests, as for `chat`.

        Returns:
            The items, with sums.

        Raises:
            ConfigurationError: A setting cannot be used, or the checkpoint cannot be written.
            BudgetExceededError: `max_cost` is set, and nobody knows what a request costs.
            AiLibError: The first error, with `fail_fast`.
        """
        settings = {name: value for name, value in locals().items() if name not in ("self", "requests", "fields")}
        return self._batch(requests, fields, **settings).result()

    def map(
        self,
        requests: Iterable[Any],
        *,
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
        **fields: Any,
    ) -> Iterator[BatchItem]:
        """Do as `batch`, and yield each item as its turn comes; requests are taken from their source as there is room.

        So a generator of a million requests takes no more memory than a few hundred of them.

        Args:
            requests: As for `batch`.
            ordered: Whether items come in the order of the requests, or as they are done.
            max_workers: As for `batch`.
            progress: As for `batch`.
            checkpoint: As for `batch`.
            fail_fast: As for `batch`.
            max_cost: As for `batch`; the items simply end.
            executor: As for `batch`.
            timeout: As for `batch`.
            total_timeout: As for `batch`.
            on_unsupported: As for `batch`.
            tags: As for `batch`.
            fields: As for `batch`.

        Raises:
            AiLibError: As for `batch`; settings are checked at once, the rest as the items are read.
        """
        settings = {name: value for name, value in locals().items() if name not in ("self", "requests", "fields")}
        return self._batch(requests, fields, **settings).items()

    def _batch(self, requests: Iterable[Any], fields: dict[str, Any], **settings: Any) -> Batch:
        from ai_lib.client.batch_run import Batch, BatchOptions
        from ai_lib.client.workers import Ask

        ask = Ask(**{name: settings.pop(name) for name in attrs.fields_dict(Ask)})
        return Batch(self, requests, fields, BatchOptions(ask=ask, **settings))  # type: ignore[arg-type]
