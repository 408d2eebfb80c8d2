"""What a model answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.types.message import Citation, Message
from ai_lib.types.tool import ToolCall
from ai_lib.types.trace import Attempt, Trace
from ai_lib.types.usage import Usage, UsageStatus

if TYPE_CHECKING:
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.price import Cost

__all__ = ["ChatCompletionResponse", "Choice", "FinishReason", "annotate_in_place"]

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


@attrs.frozen(kw_only=True)
class Choice:
    """One of the answers; there are several only where the request asked for `n`.

    Args:
        index: Its number, from 0.
        message: The assistant's message.
        finish_reason: Why it ended, in this library's four words; None where the provider's word is none of them.
        raw_finish_reason: The provider's own word.
        logprobs: Log probabilities as the provider sent them.
    """

    index: int = 0
    message: Message
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    logprobs: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ChatCompletionResponse:
    """A whole answer. `text`, `tool_calls` and their like speak of the first choice.

    Args:
        id: The provider's id of the answer; None where it sent none.
        model: The model that answered, as the provider names it.
        provider: The provider's id.
        choices: The answers, at least one.
        usage: The tokens; zeros where `usage_status` says unsupported.
        usage_status: How far `usage` can be trusted.
        created: Seconds since 1970, where told.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it; of a stream, its last chunk that held an answer.
        headers: The HTTP response's headers.
        adjustments: What was left out of the request because the provider has no form for it, and where the answer was
            continued after an interruption.
        attempts: The calls that failed before this answer, with the reasons.
        parser: Turns the text into the type given in `response_format`.
        pricing: Tells what the answer cost.
        limit_reader: Reads `rate_limits` from the headers.
        trace: What happened on the way to this answer: attempts, waits, choices.
        messages: Of `run_tools` and of a repaired answer, the whole conversation with this answer at its end.
        rounds: Of the same, the answers before this one.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    choices: tuple[Choice, ...]
    usage: Usage = attrs.field(factory=Usage)
    usage_status: UsageStatus = UsageStatus.UNSUPPORTED
    created: int | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, eq=False)
    adjustments: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = attrs.field(default=(), eq=False)
    parser: Callable[[str], Any] | None = attrs.field(default=None, repr=False, eq=False)
    pricing: Callable[[ChatCompletionResponse], Any] | None = attrs.field(default=None, repr=False, eq=False)
    limit_reader: Callable[[Mapping[str, str]], Any] | None = attrs.field(default=None, repr=False, eq=False)
    trace: Trace | None = attrs.field(default=None, repr=False, eq=False)
    messages: tuple[Message, ...] = attrs.field(default=(), repr=False, eq=False)
    rounds: tuple[ChatCompletionResponse, ...] = attrs.field(default=(), repr=False, eq=False)

    @property
    def message(self) -> Message:
        """The assistant's message, ready to be appended to the conversation."""
        return self.choices[0].message

    @property
    def text(self) -> str:
        """The answer's text; empty when there is none."""
        return self.choices[0].message.text

    @property
    def reasoning(self) -> str | None:
        """What the model thought, where the provider shows it."""
        return self.choices[0].message.reasoning

    @property
    def refusal(self) -> str | None:
        """Why the model would not answer, where the provider says so in a field of its own."""
        return self.choices[0].message.refusal

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls the model asks for."""
        return self.choices[0].message.tool_calls

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources the answer names."""
        return self.choices[0].message.citations

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the answer ended."""
        return self.choices[0].finish_reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The provider's own word for it."""
        return self.choices[0].raw_finish_reason

    @property
    def cost(self) -> Decimal | None:
        """What the call cost in US dollars: what the provider says, else tokens times prices; None where not known."""
        if self.usage.cost is not None:
            return self.usage.cost
        found = self.cost_breakdown
        return None if found is None else found.total

    @property
    def cost_breakdown(self) -> Cost | None:
        """The cost in its parts, with the source and the date of the prices; None where they are not known."""
        if self.usage.cost is not None:
            from ai_lib.types.price import Cost  # few providers tell

            return Cost(total=self.usage.cost, source="provider")
        found: Cost | None = None if self.pricing is None else self.pricing(self)
        return found

    @property
    def total_cost(self) -> Decimal | None:
        """The cost of this answer and those before it in `rounds`; None where one is not known."""
        costs = [answer.cost for answer in (*self.rounds, self)]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal()) if len(known) == len(costs) else None

    @property
    def rate_limits(self) -> dict[str, LimitStatus]:
        """What the headers say about how much more may be asked, by "requests", "tokens" and the like."""
        found: dict[str, LimitStatus] = {} if self.limit_reader is None else self.limit_reader(self.headers)
        return found

    @property
    def parsed(self) -> Any:
        """The text as the type given in `response_format`; None when none was given.

        Raises:
            InvalidResponseError: The text does not fit the type.
        """
        if self.parser is None:
            return None
        try:
            return self.parser(self.text)
        except ValueError as exc:
            raise InvalidResponseError(
                f"the answer does not fit response_format: {exc}",
                code="invalid_structured_output",
                provider=self.provider,
                model=self.model,
                request_id=self.request_id,
                hint=self._why_unfit(),
            ) from exc

    def _why_unfit(self) -> str:
        if self.message.refusal is not None:
            return "The model refused; look at .message.refusal"
        return _UNFIT.get(self.finish_reason, "Look at .text; max_repairs=1 asks the model to correct it")


_UNFIT: dict[FinishReason | None, str] = {
    "length": "The answer was cut off by the limit of its length: raise max_tokens",
    "content_filter": "The provider's filter stopped the answer",
}


def annotate_in_place(answer: ChatCompletionResponse, **facts: Any) -> ChatCompletionResponse:
    """Return an answer that nobody else has seen yet with what its call knows of it.

    It is changed in place: a changed copy takes as long as decoding the answer did.
    """
    for name, value in facts.items():
        object.__setattr__(answer, name, value)
    return answer
