"""The keyword arguments of a chat, typed: editors complete them, checkers refuse a typo, `help()` lists them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from decimal import Decimal
    from pathlib import Path

    from ai_lib.batch.item import BatchProgress
    from ai_lib.models.spending import Budget
    from ai_lib.tools.execute import Approve
    from ai_lib.types.request import OnUnsupported
    from ai_lib.types.tool import NamedTool, Tool
    from ai_lib.types.wire import Timeout

__all__ = ["ChatFields", "RequestFields", "list_fields"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class RequestFields(TypedDict, total=False):
    """The fields of a `ChatCompletionRequest` other than `messages`, `tools` and `response_format`.

    None everywhere leaves the choice to the provider. `ChatCompletionRequest` describes each field.
    """

    model: str | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int | None
    stop: str | Iterable[str] | None
    seed: int | None
    n: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    tool_choice: str | NamedTool | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    reasoning: str | int | None
    user: str | None
    metadata: Mapping[str, str] | None
    extensions: Mapping[str, Any]


class ChatFields(RequestFields, total=False):
    """The fields of a `ChatCompletionRequest` other than `messages` and `response_format`."""

    tools: Sequence[Tool | Callable[..., Any] | Mapping[str, Any]] | Iterable[Any] | None


def list_fields(function: FunctionT) -> FunctionT:
    """Show the fields of a chat, one by one, in the signature of a method that takes them as `**fields`."""
    signature = inspect.signature(function)
    *parameters, fields = signature.parameters.values()
    names = RequestFields if "RequestFields" in str(fields.annotation) else ChatFields
    listed = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
        for name, annotation in names.__annotations__.items()
    ]
    function.__signature__ = signature.replace(parameters=[*parameters, *listed])  # type: ignore[attr-defined]
    return function


if TYPE_CHECKING:
    # Only overloads name these: the keyword arguments of a method other than `response_format`.

    class CallOptions(TypedDict, total=False):
        """Options of one call."""

        timeout: float | Timeout | None
        on_unsupported: OnUnsupported | None
        tags: str | Iterable[str]
        budget: Budget | None

    class ChatOptions(ChatFields, CallOptions, total=False):
        """Keyword arguments of `chat`."""

        max_repairs: int

    class StreamOptions(ChatFields, CallOptions, total=False):
        """Keyword arguments of `stream`."""

        resume: bool

    class ToolOptions(RequestFields, CallOptions, total=False):
        """Keyword arguments of `run_tools`."""

        max_rounds: int
        tool_timeout: float | None
        max_workers: int
        approve: Approve | None

    class BatchOptions(ChatFields, total=False):
        """Keyword arguments of `batch`."""

        max_workers: int
        progress: bool | Callable[[BatchProgress], None]
        checkpoint: str | Path | None
        fail_fast: bool
        max_cost: float | str | Decimal | None
        executor: Executor | None
        timeout: float | Timeout | None
        total_timeout: float | None
        on_unsupported: OnUnsupported | None
        tags: str | Iterable[str]

    class MapOptions(BatchOptions, total=False):
        """Keyword arguments of `map`."""

        ordered: bool
