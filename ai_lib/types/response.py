"""The response to a chat completion request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.types.message import Citation, Message
from ai_lib.types.tool import ToolCall
from ai_lib.types.trace import Attempt, Trace
from ai_lib.types.usage import Usage, UsageStatus

if TYPE_CHECKING:
    # A checker knows this module without the package; the default makes a bare ChatCompletionResponse mean [Any].
    from typing_extensions import TypeVar

    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.price import Cost

__all__ = ["ChatCompletionResponse", "Choice", "FinishReason", "ParsedT_co", "annotate_in_place"]

if TYPE_CHECKING:
    ParsedT_co = TypeVar("ParsedT_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    ParsedT_co = TypeVar("ParsedT_co", covariant=True)

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


@attrs.frozen(kw_only=True)
class Choice:
    """One of the answers; there are several only if the request has `n` > 1.

    Args:
        index: Its number, starting at 0.
        message: The assistant's message.
        finish_reason: Why the answer finished, in one of four words; None if the provider's word matches none of them.
        raw_finish_reason: The same in the provider's words.
        logprobs: Log probabilities as the provider sent them.
    """

    index: int = 0
    message: Message
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    logprobs: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ChatCompletionResponse(Generic[ParsedT_co]):
    """A whole answer. `text`, `tool_calls` and their like speak of the first choice.

    Args:
        id: The provider's id of the answer; None if it sent none.
        model: The model that answered, as the provider names it.
        provider: The provider's id.
        choices: The answers; at least one.
        usage: The tokens; zeros if `usage_status` is unsupported.
        usage_status: The reliability of `usage`.
        created: Seconds since 1970; None if not returned.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it; for a stream, that of its last chunk with an answer.
        headers: The HTTP response's headers.
        adjustments: What was left out of the request because the provider does not support it, and where the answer was
            continued after an interruption.
        attempts: The requests that failed before this answer, with the reasons.
        parser: Converts the text to the type in `response_format`.
        pricing: Returns the cost of the answer.
        limit_reader: Reads `rate_limits` from the headers.
        trace: The steps that led to this answer: attempts, waits, choices.
        messages: After `run_tools` and after repairs, the whole conversation including this answer.
        rounds: After the same, the answers before this one.
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
        """The text of the answer; empty if there is none."""
        return self.choices[0].message.text

    @property
    def reasoning(self) -> str | None:
        """The reasoning of the model, if the provider returns it."""
        return self.choices[0].message.reasoning

    @property
    def refusal(self) -> str | None:
        """Why the model refused to answer, if the provider returns it separately."""
        return self.choices[0].message.refusal

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of the model."""
        return self.choices[0].message.tool_calls

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources that the answer cites."""
        return self.choices[0].message.citations

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the answer finished."""
        return self.choices[0].finish_reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The finish reason in the provider's words."""
        return self.choices[0].raw_finish_reason

    @property
    def cost(self) -> Decimal | None:
        """The cost in US dollars: as reported by the provider, or else tokens times prices; None if unknown."""
        found = self.cost_breakdown
        return None if found is None else found.total

    @property
    def cost_breakdown(self) -> Cost | None:
        """The parts of the cost, with the source and the date of the prices; None if they are unknown."""
        if self.usage.cost is not None:
            from ai_lib.types.price import Cost  # few providers report a cost

            return Cost(total=self.usage.cost, source="provider")
        found: Cost | None = None if self.pricing is None else self.pricing(self)
        return found

    @property
    def total_cost(self) -> Decimal | None:
        """The cost of this answer and of those before it in `rounds`; None if one is unknown."""
        costs = [answer.cost for answer in (*self.rounds, self)]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal()) if len(known) == len(costs) else None

    @property
    def rate_limits(self) -> dict[str, LimitStatus]:
        """The rate limits in the headers, by "requests", "tokens", "input_tokens" and "output_tokens"."""
        found: dict[str, LimitStatus] = {} if self.limit_reader is None else self.limit_reader(self.headers)
        return found

    @property
    def parsed(self) -> ParsedT_co:
        """The text as the type given in `response_format`; None when none was given.

        Raises:
            InvalidResponseError: The text does not fit the type.
        """
        read: Callable[[str], Any] = self.parser or (lambda _: None)
        try:
            value: ParsedT_co = read(self.text)
        except ValueError as exc:
            raise InvalidResponseError(
                f"the answer does not fit response_format: {exc}",
                code="invalid_structured_output",
                provider=self.provider,
                model=self.model,
                request_id=self.request_id,
                hint=(
                    "The model refused; look at .message.refusal"
                    if self.message.refusal is not None
                    else _UNFIT.get(self.finish_reason, "Look at .text; max_repairs=1 asks the model to correct it")
                ),
            ) from exc
        return value


_UNFIT: dict[FinishReason | None, str] = {
    "length": "The answer was cut off at its maximum length: raise max_tokens",
    "content_filter": "The content filter of the provider stopped the answer",
}


def annotate_in_place(answer: ChatCompletionResponse, **facts: Any) -> ChatCompletionResponse:
    """Set fields of an answer that no other code has seen yet, and return it.

    In place, although the class is frozen: a changed copy takes as long as decoding the answer did.
    """
    for name, value in facts.items():
        object.__setattr__(answer, name, value)
    return answer
