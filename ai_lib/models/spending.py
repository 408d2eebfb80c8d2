"""What calls cost, added up; and budgets, which refuse the call that could pass them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, Self, TypeAlias

import attrs

from ai_lib.errors import AiLibError, BudgetExceededError, CancelledError, ConfigurationError, InvalidRequestError
from ai_lib.models.catalogue import Catalogue
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import Usage
from ai_lib.utils.inbox import Inbox
from ai_lib.utils.process import PerProcess

__all__ = ["Budget", "Spending", "Totals", "max_cost_of", "may_have_been_billed"]

_NOTHING = Decimal()


@attrs.frozen
class Totals:
    """What some calls came to.

    Args:
        calls: Answers.
        prompt_tokens: Their tokens sent.
        completion_tokens: Their tokens generated.
        cost: US dollars, of the calls whose cost is known.
        unknown: Calls whose cost is not known; with them the true cost is higher.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = _NOTHING
    unknown: int = 0


class Budget:
    """An amount that calls may cost together. Threads may share it; another process has its own copy.

    What a call may cost at most is set aside before it is sent: its prompt, estimated from above, and as many tokens as
    it may generate. What it did not need is given back when it has answered. So name `max_tokens`: without it, a call
    may generate as much as its model can. A call that ended in doubt (sent, and no answer came) is counted in full.

    Args:
        usd: US dollars.
        unknown: What to do with a call whose price nobody knows: "refuse", or "allow" and not count it.
        attach: Called with the budget when a `with` block begins and when it ends.
    """

    def __init__(
        self,
        usd: float | str | Decimal,
        *,
        unknown: Literal["refuse", "allow"] = "refuse",
        attach: Callable[[Budget, bool], None] | None = None,
    ) -> None:
        try:
            self.limit = Decimal(str(usd))
        except ArithmeticError as exc:
            raise ConfigurationError(f"a budget is a number of US dollars, not {usd!r}") from exc
        if not (self.limit.is_finite() and self.limit >= 0):
            raise ConfigurationError(f"a budget must be a number from 0, got {usd!r}")
        if unknown not in ("refuse", "allow"):
            raise ConfigurationError(f"unknown must be 'refuse' or 'allow', got {unknown!r}")
        self._unknown = unknown
        self._attach = attach
        # Re-entrant: a stream that is dropped settles from wherever the garbage collector runs.
        self._lock = PerProcess(threading.RLock)
        self._spent = _NOTHING
        self._held = _NOTHING

    @property
    def spent(self) -> Decimal:
        """US dollars that calls have cost so far."""
        return self._spent

    @property
    def left(self) -> Decimal:
        """US dollars that are neither spent nor set aside for calls that still run; below 0 when one cost too much."""
        with self._lock():
            return self.limit - self._spent - self._held

    def count(self, cost: Decimal) -> None:
        """Count a cost from elsewhere, such as that of an earlier run."""
        with self._lock():
            self._spent += cost

    def reserve(self, most: Decimal | None, what: str) -> Decimal:
        """Set aside what a call may cost.

        Args:
            most: US dollars; None where nobody knows.
            what: The call, for the message.

        Raises:
            BudgetExceededError: More than is left.
        """
        if most is None:
            if self._unknown == "allow":
                return _NOTHING
            raise BudgetExceededError(
                f"nobody knows what {what} may cost, so it could pass the budget of ${self.limit:f}",
                code="unknown_cost",
                hint="Pass max_tokens and give the model's price (catalogue=Catalogue().with_price(...)), "
                "or make the budget with unknown='allow'",
            )
        with self._lock():
            left = max(self.limit - self._spent - self._held, _NOTHING)
            if most > left:
                raise BudgetExceededError(f"{what} may cost ${most:.6f} and ${left:.6f} of ${self.limit:f} is left")
            self._held += most
        return most

    def settle(self, held: Decimal, cost: Decimal) -> None:
        """Count what a call cost, and give back the rest of what was set aside."""
        with self._lock():
            self._held -= held
            self._spent += cost

    def __enter__(self) -> Self:
        if self._attach is None:
            raise ConfigurationError("a `with` block needs a client: with client.budget(usd=...) as budget")
        self._attach(self, True)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._attach is not None:
            self._attach(self, False)

    def __repr__(self) -> str:
        return f"Budget(usd={self.limit:f}, spent={self._spent:f})"


_Paid: TypeAlias = tuple[str, tuple[str, ...], Usage, Decimal | None]


class _Sum:
    """Adds up; a plain class, since one is changed by every call."""

    __slots__ = ("calls", "completion", "cost", "prompt", "unknown")

    def __init__(self) -> None:
        self.calls = self.prompt = self.completion = self.unknown = 0
        self.cost = _NOTHING

    def add(self, usage: Usage, cost: Decimal | None) -> None:
        self.calls += 1
        self.prompt += usage.prompt_tokens
        self.completion += usage.completion_tokens
        if cost is None:
            self.unknown += 1
        else:
            self.cost += cost

    def totals(self) -> Totals:
        return Totals(self.calls, self.prompt, self.completion, self.cost, self.unknown)


class _Ledger:
    """What one process has of a client's spending."""

    def __init__(self) -> None:
        self.paid: Inbox[_Paid] = Inbox(self._add)
        self.lock = threading.RLock()
        self.whole = _Sum()
        self.by_model: defaultdict[str, _Sum] = defaultdict(_Sum)
        self.by_tag: defaultdict[str, _Sum] = defaultdict(_Sum)

    def _add(self, paid: _Paid) -> None:
        model, tags, usage, cost = paid
        self.whole.add(usage, cost)
        self.by_model[model].add(usage, cost)
        for tag in tags:
            self.by_tag[tag].add(usage, cost)


class Spending:
    """What a client's calls cost: in all, by model and by tag. Read it any time; threads may go on calling.

    Args:
        budgets: Budgets that all its calls are paid from.
        beside: The spending that is to count these calls as well.
    """

    def __init__(self, budgets: Iterable[Budget] = (), beside: Spending | None = None) -> None:
        self._always = tuple(budgets)
        self._beside = beside
        # Not in the ledger, so that a child of a fork stays within a copy of the block that it was forked in.
        self._blocks: tuple[Budget, ...] = ()
        self._ledger: PerProcess[_Ledger] = PerProcess(_Ledger)

    @property
    def total(self) -> Totals:
        """Everything."""
        ledger = self._ledger()
        with ledger.paid.paused():
            return ledger.whole.totals()

    @property
    def by_model(self) -> Mapping[str, Totals]:
        """The same by "provider/model"."""
        ledger = self._ledger()
        with ledger.paid.paused():
            return {model: part.totals() for model, part in ledger.by_model.items()}

    @property
    def by_tag(self) -> Mapping[str, Totals]:
        """The same by the tags of the calls; a call with two tags is in both."""
        ledger = self._ledger()
        with ledger.paid.paused():
            return {tag: part.totals() for tag, part in ledger.by_tag.items()}

    def with_budget(self, budget: Budget) -> Spending:
        """Return what counts here as well, and pays from a further budget.

        Raises:
            InvalidRequestError: It is no budget.
        """
        if not isinstance(budget, Budget):
            raise InvalidRequestError(
                f"budget must be a Budget, not {type(budget).__name__}; make one with Budget(usd)"
            )
        return Spending((budget,), beside=self)

    def attach(self, budget: Budget, begins: bool) -> None:
        """Begin or end to pay for all calls from a budget."""
        with self._ledger().lock:
            if begins:
                self._blocks = (*self._blocks, budget)
            else:
                place = self._blocks.index(budget)  # blocks of one budget may stand in each other
                self._blocks = self._blocks[:place] + self._blocks[place + 1 :]

    def reserve(
        self, provider: str, request: ChatCompletionRequest, catalogue: Catalogue, tags: tuple[str, ...]
    ) -> _Reservation:
        """Set aside what a request may cost; see `Ledger`."""
        return self._held(provider, request.model, tags, lambda: max_cost_of(provider, request, catalogue))

    def reserve_texts(
        self, provider: str, model: str | None, texts: Iterable[str], catalogue: Catalogue, tags: tuple[str, ...]
    ) -> _Reservation:
        """Set aside what reading texts may cost, for what is asked beside chats."""

        def most() -> Decimal | None:
            usage = Usage(prompt_tokens=sum(len(text.encode("utf-8", "surrogatepass")) for text in texts))
            cost = catalogue.cost(provider, model or "", usage)  # no vocabulary makes more tokens than there are bytes
            return None if cost is None else cost.total

        return self._held(provider, model, tags, most)

    def _held(
        self,
        provider: str,
        model: str | None,
        tags: tuple[str, ...],
        most_of_it: Callable[[], Decimal | None],
        payers: tuple[Budget, ...] = (),
    ) -> _Reservation:
        # However often a budget was named, a call is paid from it once.
        named = dict.fromkeys((*self._always, *self._blocks))
        budgets = tuple(budget for budget in named if budget not in payers)
        beside = None
        if self._beside is not None:
            beside = self._beside._held(provider, model, tags, most_of_it, payers + budgets)  # noqa: SLF001 - of the same class
        if not budgets:
            return _Reservation(self, provider, model, tags, (), beside)
        most = most_of_it()
        held: list[tuple[Budget, Decimal]] = []
        try:
            for budget in budgets:
                held.append((budget, budget.reserve(most, f"a call of {provider}/{model}")))  # noqa: PERF401 - undone below
        except BudgetExceededError:
            for budget, amount in held:
                budget.settle(amount, _NOTHING)
            if beside is not None:
                beside.give_back()
            raise
        return _Reservation(self, provider, model, tags, tuple(held), beside)

    def add(self, model: str, tags: Iterable[str], usage: Usage, cost: Decimal | None) -> None:
        """Count one call."""
        self._ledger().paid.put((model, tuple(tags), usage, cost))

    def __repr__(self) -> str:
        total = self.total
        return f"Spending(${total.cost:f} in {total.calls} calls{f', {total.unknown} unknown' * bool(total.unknown)})"


@attrs.define(eq=False)
class _Reservation:
    """What is set aside for one request. Only the first word on how it ended counts."""

    spending: Spending
    provider: str
    model: str | None
    tags: tuple[str, ...]
    held: tuple[tuple[Budget, Decimal], ...]
    beside: _Reservation | None
    over: bool = False

    def settle(self, response: ChatCompletionResponse) -> None:
        self.charge(response.usage, response.cost)

    def charge(self, usage: Usage, cost: Decimal | None) -> None:
        if self.over:
            return
        self.over = True
        self.spending.add(f"{self.provider}/{self.model}", self.tags, usage, cost)
        for budget, amount in self.held:
            # A cost that nobody knows may be all that was set aside.
            budget.settle(amount, amount if cost is None else cost)
        if self.beside is not None:
            self.beside.charge(usage, cost)

    def fail(self, error: BaseException) -> None:
        if self.over:
            return
        self.over = True
        for budget, amount in self.held:
            budget.settle(amount, amount if may_have_been_billed(error) else _NOTHING)
        if self.beside is not None:
            self.beside.fail(error)

    def give_back(self) -> None:
        self.over = True
        for budget, amount in self.held:
            budget.settle(amount, _NOTHING)
        if self.beside is not None:
            self.beside.give_back()


def may_have_been_billed(error: BaseException) -> bool:
    """Return whether a request may have been worked on, and billed, though no answer came."""
    if not isinstance(error, AiLibError) or isinstance(error, CancelledError):
        return True
    return error.ambiguous or error.partial is not None


def max_cost_of(provider: str, request: ChatCompletionRequest, catalogue: Catalogue) -> Decimal | None:
    """Return the most that a request can cost; None where that is not known."""
    from ai_lib.models.estimate import estimate_prompt  # only where there is a budget

    model = request.model or ""
    info = catalogue.get(model, provider)
    answer: Any = request.max_tokens or (info.max_output_tokens if info else None)
    if answer is None:
        return None
    prompt, completion = estimate_prompt(request).at_most, answer * (request.n or 1)
    # A prompt may be written to the cache as a whole, which costs more than reading it.
    read = Usage(prompt_tokens=prompt, completion_tokens=completion)
    written = attrs.evolve(read, cache_write_tokens=prompt)
    kept = attrs.evolve(written, cache_write_1h_tokens=prompt)
    costs = [catalogue.cost(provider, model, usage) for usage in (read, written, kept)]
    known = [cost.total for cost in costs if cost is not None]
    return max(known) if known else None
