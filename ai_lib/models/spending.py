"""Spending: what calls cost, added up; and budgets, which refuse a call that could exceed them.

Three levels: a `Budget` is an amount of money, `Spending` adds up a client's calls and knows their budgets, and each
request holds a reservation of its maximum cost until the real cost is known.
"""

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

_ZERO = Decimal()


@attrs.frozen
class Totals:
    """The sums of some calls.

    Args:
        calls: Number of responses.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens generated.
        cost: US dollars, of the calls whose cost is known.
        unknown: Calls whose cost is unknown; the true cost is higher by theirs.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = _ZERO
    unknown: int = 0


class Budget:
    """An amount that calls may cost together. Threads may share it; another process has its own copy.

    The maximum cost of a call is reserved before it is sent: its prompt, estimated from above, and as many tokens as it
    may generate. What it did not need is released when it has ended. So pass `max_tokens`: without it, a call may
    generate as much as its model can. A call with an unknown outcome (sent, but no response came) is charged in full.

    Args:
        usd: US dollars, >= 0.
        unknown: What to do with a call whose price is unknown: "refuse", or "allow" and not count it.
        spending: The spending whose calls it pays for while a `with` block lasts; `client.budget()` sets it.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    def __init__(
        self,
        usd: float | str | Decimal,
        *,
        unknown: Literal["refuse", "allow"] = "refuse",
        spending: Spending | None = None,
    ) -> None:
        try:
            self.limit = Decimal(str(usd))
        except ArithmeticError as exc:
            raise ConfigurationError(f"a budget must be a number of US dollars >= 0, got {usd!r}") from exc
        if not (self.limit.is_finite() and self.limit >= 0):
            raise ConfigurationError(f"a budget must be a number of US dollars >= 0, got {usd!r}")
        if unknown not in ("refuse", "allow"):
            raise ConfigurationError(f"unknown must be 'refuse' or 'allow', got {unknown!r}")
        self._unknown = unknown
        self._spending = spending
        # Re-entrant: a dropped stream settles wherever the garbage collector runs.
        self._lock = PerProcess(threading.RLock)
        self._spent = _ZERO
        self._reserved = _ZERO

    @property
    def spent(self) -> Decimal:
        """US dollars that calls have cost so far."""
        return self._spent

    @property
    def left(self) -> Decimal:
        """US dollars that are neither spent nor reserved for running calls; negative if a call cost too much."""
        with self._lock():
            return self.limit - self._spent - self._reserved

    def count(self, cost: Decimal) -> None:
        """Count a cost from elsewhere, such as that of an earlier run."""
        with self._lock():
            self._spent += cost

    def reserve(self, max_cost: Decimal | None, what: str) -> Decimal:
        """Reserve the maximum cost of a call, None if unknown, and return the reserved amount; `what` names the call.

        Raises:
            BudgetExceededError: It is more than is left.
        """
        if max_cost is None:
            if self._unknown == "allow":
                return _ZERO
            raise BudgetExceededError(
                f"the cost of {what} is unknown, so it could exceed the budget of ${self.limit:f}",
                code="unknown_cost",
                hint="Pass max_tokens and give the model's price (catalogue=Catalogue().with_price(...)), "
                "or make the budget with unknown='allow'",
            )
        with self._lock():
            left = max(self.limit - self._spent - self._reserved, _ZERO)
            if max_cost > left:
                raise BudgetExceededError(f"{what} may cost ${max_cost:.6f} and ${left:.6f} of ${self.limit:f} is left")
            self._reserved += max_cost
        return max_cost

    def settle(self, reserved: Decimal, cost: Decimal) -> None:
        """Count the cost of a call, and release the rest of what was reserved."""
        with self._lock():
            self._reserved -= reserved
            self._spent += cost

    def __enter__(self) -> Self:
        if self._spending is None:
            raise ConfigurationError("a `with` block needs a client: with client.budget(usd=...) as budget")
        self._spending.attach(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._spending is not None:
            self._spending.detach(self)

    def __repr__(self) -> str:
        return f"Budget(usd={self.limit:f}, spent={self._spent:f})"


_Payment: TypeAlias = tuple[str, tuple[str, ...], Usage, Decimal | None]


class _Accounts:
    """The sums of one process."""

    def __init__(self) -> None:
        self.payments: Inbox[_Payment] = Inbox(self.add)
        self.lock = threading.RLock()
        # The fields of `Totals` in lists, since every call changes some of them.
        self.by_model: defaultdict[str, list[Any]] = defaultdict(lambda: [0, 0, 0, _ZERO, 0])
        self.by_tag: defaultdict[str, list[Any]] = defaultdict(lambda: [0, 0, 0, _ZERO, 0])

    def add(self, payment: _Payment) -> None:
        model, tags, usage, cost = payment
        for sums in (self.by_model[model], *map(self.by_tag.__getitem__, tags)):
            sums[0] += 1
            sums[1] += usage.prompt_tokens
            sums[2] += usage.completion_tokens
            sums[3] += cost or 0
            sums[4] += cost is None


class Spending:
    """What a client's calls cost: in total, by model and by tag. It can be read while threads go on calling.

    Args:
        budgets: Budgets that pay for all its calls.
        parents: Spendings that count these calls as well, and whose budgets pay for them as well.
    """

    def __init__(self, budgets: Iterable[Budget] = (), parents: tuple[Spending, ...] = ()) -> None:
        self._always = tuple(budgets)
        self._parents = parents
        # Not in the accounts, so that a child of a fork stays within a copy of the block that it was forked in.
        self._attached: tuple[Budget, ...] = ()
        self._accounts: PerProcess[_Accounts] = PerProcess(_Accounts)

    @property
    def total(self) -> Totals:
        """All calls."""
        accounts = self._accounts()
        with accounts.payments.paused():
            columns: Iterable[Any] = map(sum, zip(*accounts.by_model.values(), strict=True))
            return Totals(*columns)

    @property
    def by_model(self) -> Mapping[str, Totals]:
        """The calls by "provider/model"."""
        accounts = self._accounts()
        with accounts.payments.paused():
            return {model: Totals(*sums) for model, sums in accounts.by_model.items()}

    @property
    def by_tag(self) -> Mapping[str, Totals]:
        """The calls by their tags; a call with two tags is in both."""
        accounts = self._accounts()
        with accounts.payments.paused():
            return {tag: Totals(*sums) for tag, sums in accounts.by_tag.items()}

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets that pay for its calls now."""
        return (*self._always, *self._attached)

    def with_budget(self, budget: Budget) -> Spending:
        """Return a spending that is counted here as well, and paid from a further budget.

        Raises:
            InvalidRequestError: `budget` is not a Budget.
        """
        if not isinstance(budget, Budget):
            raise InvalidRequestError(
                f"budget must be a Budget, not {type(budget).__name__}; make one with Budget(usd)"
            )
        return Spending((budget,), (self, *self._parents))

    def attach(self, budget: Budget) -> None:
        """Pay for all calls from a budget as well, until it is detached."""
        with self._accounts().lock:
            self._attached = (*self._attached, budget)

    def detach(self, budget: Budget) -> None:
        """Undo one `attach`; `with` blocks of one budget may be nested."""
        with self._accounts().lock:
            index = self._attached.index(budget)
            self._attached = self._attached[:index] + self._attached[index + 1 :]

    def reserve(
        self, provider: str, request: ChatCompletionRequest, catalogue: Catalogue, tags: tuple[str, ...]
    ) -> _Reservation:
        """Reserve the maximum cost of a request; see `Ledger`."""
        return self._reserve(f"{provider}/{request.model}", tags, lambda: max_cost_of(provider, request, catalogue))

    def reserve_texts(
        self, provider: str, model: str | None, texts: Iterable[str], catalogue: Catalogue, tags: tuple[str, ...]
    ) -> _Reservation:
        """Reserve the maximum cost of strings, for operations other than chats; see `Ledger`."""

        def max_cost() -> Decimal | None:
            # No vocabulary makes more tokens than there are bytes.
            usage = Usage(prompt_tokens=sum(len(text.encode("utf-8", "surrogatepass")) for text in texts))
            cost = catalogue.cost(provider, model or "", usage)
            return None if cost is None else cost.total

        return self._reserve(f"{provider}/{model}", tags, max_cost)

    def _reserve(self, model: str, tags: tuple[str, ...], max_cost: Callable[[], Decimal | None]) -> _Reservation:
        """Reserve the maximum cost from every budget, or from none; it is computed only if there is a budget."""
        levels = (self, *self._parents)
        # The outermost budgets first. A budget pays once for a call, however often it was given.
        budgets = dict.fromkeys(budget for level in reversed(levels) for budget in level.budgets)
        amounts: list[tuple[Budget, Decimal]] = []
        if budgets:
            most = max_cost()
            try:
                for budget in budgets:
                    amounts.append((budget, budget.reserve(most, f"a call of {model}")))  # noqa: PERF401 - undone below
            except BudgetExceededError:
                for budget, amount in amounts:
                    budget.settle(amount, _ZERO)
                raise
        return _Reservation(levels, model, tags, tuple(amounts))

    def add(self, model: str, tags: Iterable[str], usage: Usage, cost: Decimal | None) -> None:
        """Count one call of "provider/model"; its cost is None if unknown."""
        self._accounts().payments.put((model, tuple(tags), usage, cost))

    def __repr__(self) -> str:
        total = self.total
        return f"Spending(${total.cost:f} in {total.calls} calls{f', {total.unknown} unknown' * bool(total.unknown)})"


@attrs.define(eq=False)
class _Reservation:
    """What is reserved for one request, a `CostReservation`."""

    levels: tuple[Spending, ...]
    model: str
    tags: tuple[str, ...]
    amounts: tuple[tuple[Budget, Decimal], ...]
    ended: bool = False

    def settle(self, response: ChatCompletionResponse) -> None:
        self.charge(response.usage, response.cost)

    def charge(self, usage: Usage, cost: Decimal | None) -> None:
        if self.ended:
            return
        self.ended = True
        for level in self.levels:
            level.add(self.model, self.tags, usage, cost)
        for budget, amount in self.amounts:
            # An unknown cost may be all that was reserved.
            budget.settle(amount, amount if cost is None else cost)

    def fail(self, error: BaseException) -> None:
        if self.ended:
            return
        self.ended = True
        billed = may_have_been_billed(error)
        for budget, amount in self.amounts:
            budget.settle(amount, amount if billed else _ZERO)


def may_have_been_billed(error: BaseException) -> bool:
    """Return whether a request may have been processed, and billed, although no response came."""
    if not isinstance(error, AiLibError) or isinstance(error, CancelledError):
        return True
    return error.ambiguous or error.partial is not None


def max_cost_of(provider: str, request: ChatCompletionRequest, catalogue: Catalogue) -> Decimal | None:
    """Return the maximum cost of a request in US dollars; None if it is unknown."""
    from ai_lib.models.estimate import estimate_prompt  # only where there is a budget

    model = request.model or ""
    info = catalogue.get(model, provider)
    max_tokens: Any = request.max_tokens or (info.max_output_tokens if info else None)
    if max_tokens is None:
        return None
    prompt, completion = estimate_prompt(request).at_most, max_tokens * (request.n or 1)
    # The whole prompt may be written to the cache, which costs more than reading it.
    read = Usage(prompt_tokens=prompt, completion_tokens=completion)
    written = attrs.evolve(read, cache_write_tokens=prompt)
    written_1h = attrs.evolve(written, cache_write_1h_tokens=prompt)
    costs = [catalogue.cost(provider, model, usage) for usage in (read, written, written_1h)]
    known = [cost.total for cost in costs if cost is not None]
    return max(known) if known else None
