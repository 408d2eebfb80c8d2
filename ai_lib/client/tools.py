"""Conversations with tools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from ai_lib.client.core import ClientCore
from ai_lib.client.fields import RequestFields, list_fields
from ai_lib.client.request import Prompt

if TYPE_CHECKING:
    from ai_lib.client.fields import ToolOptions
    from ai_lib.models.spending import Budget
    from ai_lib.tools.execute import Approve
    from ai_lib.tools.loop import ToolStream
    from ai_lib.tools.registry import Toolbox
    from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
    from ai_lib.types.response import ChatCompletionResponse
    from ai_lib.types.wire import Timeout

__all__ = ["ToolMethods"]

T = TypeVar("T")


class ToolMethods:
    """The methods of `AiClient` that run tools."""

    _core: ClientCore

    @overload
    def run_tools(
        self, messages: Prompt, tools: Iterable[Any], *, response_format: type[T], **options: Unpack[ToolOptions]
    ) -> ChatCompletionResponse[T]: ...
    @overload
    def run_tools(
        self, messages: Prompt, tools: Iterable[Any], *, response_format: None = None, **options: Unpack[ToolOptions]
    ) -> ChatCompletionResponse[None]: ...
    @overload
    def run_tools(
        self, messages: Prompt, tools: Iterable[Any], *, response_format: Any, **options: Unpack[ToolOptions]
    ) -> ChatCompletionResponse[Any]: ...
    @list_fields
    def run_tools(
        self,
        messages: Prompt,
        tools: Iterable[Any],
        *,
        response_format: Any = None,
        max_rounds: int = 10,
        tool_timeout: float | None = None,
        max_workers: int = 8,
        approve: Approve | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Unpack[RequestFields],
    ) -> ChatCompletionResponse[Any]:
        """Send a chat, run the tools that the model calls, return their results to it, and repeat until it answers.

        The calls of one round run concurrently. Arguments are validated against the tool's schema first; invalid
        arguments, an exception, a refusal and an exceeded time limit are returned to the model as failed calls, so that
        it can react.

        Args:
            messages: A string, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            tools: Functions, `Tool`s with a function, or a `Toolbox`.
            response_format: The type of `.parsed` of the last answer, a JSON Schema, or "json_object".
            max_rounds: Maximum answers with tool calls; a positive integer.
            tool_timeout: Maximum seconds for each tool call; None means no limit other than that of the call.
            max_workers: Maximum tool calls that run at once; a positive integer.
            approve: Called with each `ToolCall` before it runs, in this thread: returns True to run it, False to refuse
                it, or a string that gives the model the reason for the refusal.
            timeout: Seconds for the whole conversation, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the call, by which `spending` adds up and metrics distinguish calls.
            budget: `Budget` to bill every round to, in addition to those of `with client.budget(...)`.
            fields: The other fields of `ChatCompletionRequest`. A `tool_choice` other than "none" applies to the first
                round; then the model chooses.

        Returns:
            The last answer; `.messages` is the whole conversation, `.rounds` are the answers before it, `.total_cost`
            is what they cost together. The conversation can be continued, here or at another provider.

        Raises:
            ToolLoopError: The model keeps calling tools, or repeats itself; `.partial.messages` is the conversation.
            AiLibError: A request failed; the conversation so far is on `.partial.messages`.
        """
        from ai_lib.tools.loop import ToolLimits, run_tools

        core = self._core
        request, toolbox = self._request_with_tools(messages, tools, {**fields}, response_format)
        call = core.start_call(timeout, on_unsupported, tags, budget)
        limits = ToolLimits(max_rounds=max_rounds, timeout=tool_timeout, max_workers=max_workers, approve=approve)
        return run_tools(request, toolbox, core.send, call, limits)

    @list_fields
    def stream_tools(
        self,
        messages: Prompt,
        tools: Iterable[Any],
        *,
        response_format: Any = None,
        max_rounds: int = 10,
        tool_timeout: float | None = None,
        max_workers: int = 8,
        approve: Approve | None = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Unpack[RequestFields],
    ) -> ToolStream:
        """Run a conversation like `run_tools`, and return the chunks of every answer as they arrive.

        Between two answers, while the tools run, no chunk arrives.

        Args:
            messages: A string, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            tools: Functions, `Tool`s with a function, or a `Toolbox`.
            response_format: The type of `.parsed` of the last answer, a JSON Schema, or "json_object".
            max_rounds: Maximum answers with tool calls; a positive integer.
            tool_timeout: Maximum seconds for each tool call; None means no limit other than that of the call.
            max_workers: Maximum tool calls that run at once; a positive integer.
            approve: Called with each `ToolCall` before it runs, in the thread that reads the stream: returns True,
                False or the reason for a refusal.
            timeout: Seconds for the whole conversation, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the call, by which `spending` adds up and metrics distinguish calls.
            budget: `Budget` to bill every round to, in addition to those of `with client.budget(...)`.
            fields: The other fields of `ChatCompletionRequest`.

        Returns:
            The stream; at its end `.response` is what `run_tools` would have returned.

        Raises:
            AiLibError: The first request failed; iterating raises what happens later.
        """
        from ai_lib.tools.loop import ToolLimits, ToolStream

        core = self._core
        request, toolbox = self._request_with_tools(messages, tools, {**fields}, response_format)
        call = core.start_call(timeout, on_unsupported, tags, budget).child()  # a child can be cancelled
        limits = ToolLimits(max_rounds=max_rounds, timeout=tool_timeout, max_workers=max_workers, approve=approve)
        return ToolStream(request, toolbox, core.chat_provider.stream, call, limits)

    def _request_with_tools(
        self, messages: Prompt, tools: Iterable[Any], fields: dict[str, Any], response_format: Any
    ) -> tuple[ChatCompletionRequest, Toolbox]:
        from ai_lib.tools.registry import Toolbox

        toolbox = tools if isinstance(tools, Toolbox) else Toolbox(tools)
        # Part of the request, so that its other fields (tool_choice and so on) are validated against the tools.
        return self._core.build_request(messages, {**fields, "tools": tuple(toolbox)}, response_format), toolbox
