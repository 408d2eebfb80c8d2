"""What is known of models: limits, capabilities and prices, shipped as a file that is read when it is first needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import attrs

from ai_lib.errors import ConfigurationError, InvalidRequestError
from ai_lib.models.cost import compute_cost
from ai_lib.types.model import ModelInfo
from ai_lib.types.price import Cost, Prices, PriceTier
from ai_lib.types.usage import Usage
from ai_lib.utils import json

__all__ = ["Catalogue", "PriceSource"]

_FILE = Path(__file__).with_name("catalogue.json")
_MOST_FOUND = 2000
# gpt-4o-2024-08-06, claude-opus-4-5-20251101, claude-opus-4-5@20251101
_DATED = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$")
# What these service tiers cost is not in the tables; the others are billed as usual, or as batch jobs are.
# Source: https://platform.openai.com/docs/pricing
_DEARER = ("priority", "scale")
_AS_BATCH = (("openai", "flex"), ("azure_openai", "flex"))
_PRICES = frozenset(attrs.fields_dict(Prices)) - {"tiers", "source", "date"}
_TEXTS = ("mode", "context_window", "max_output_tokens", "capabilities", "speed", "quality", "deprecation_date",
          "knowledge", "released")  # fmt: skip
_LISTS = ("aliases", "modalities_in", "modalities_out", "source")
_Entries = Mapping[tuple[str, str], Mapping[str, Any]]


class PriceSource(Protocol):
    """Another place to learn prices from."""

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        """Return what these tokens cost there; None where it does not know."""


@cache
def _shipped() -> tuple[str, _Entries]:
    """Return the day of the shipped file, and its entries by provider and name."""
    file = json.loads(_FILE.read_bytes())
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in file["models"]:
        for name in (*entry.get("aliases", ()), *entry.get("unpriced_aliases", ())):
            entries.setdefault((entry["provider"], name), entry)
    entries.update({(entry["provider"], entry["id"]): entry for entry in file["models"]})
    return file["date"], entries


class Catalogue:
    """What is known of models. Immutable: the `with_...` methods return another one.

    Args:
        models: Entries of your own, which come before the shipped ones of the same name.
        shipped: Whether to use the entries that come with the package.
        prices: Another source of prices, asked first.

    Raises:
        ConfigurationError: One of the entries is none.
    """

    def __init__(
        self, models: Iterable[ModelInfo] = (), *, shipped: bool = True, prices: PriceSource | None = None
    ) -> None:
        self._own = tuple(models)
        for info in self._own:
            if not isinstance(info, ModelInfo):
                raise ConfigurationError(f"a catalogue holds ModelInfo, not {type(info).__name__}")
        self._shipped = shipped
        self._prices = prices
        self._by_name: dict[tuple[str | None, str], ModelInfo] = {}
        for info in self._own:
            for name in (*info.aliases, info.id):
                self._by_name[info.provider, name] = info
        self._found: dict[tuple[str | None, str], ModelInfo | None] = {}

    # --- making one

    @classmethod
    def from_file(cls, path: str | Path, *, shipped: bool = True) -> Catalogue:
        """Return a catalogue with the entries of a file that `to_file` wrote.

        Raises:
            ConfigurationError: The file cannot be read, or does not hold models.
        """
        try:
            entries = json.loads(Path(path).read_bytes())
            return cls([_from_entry(entry, entry.get("date")) for entry in entries["models"]], shipped=shipped)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ConfigurationError) as exc:
            raise ConfigurationError(f"{path} holds no models: {type(exc).__name__}: {exc}") from exc

    def to_file(self, path: str | Path) -> None:
        """Write your own entries to a file, as JSON."""
        document = {"models": [_to_entry(info) for info in self._own]}
        Path(path).write_bytes(json.dumps(document))

    def with_models(self, *models: ModelInfo) -> Catalogue:
        """Return a catalogue that also knows these models, or knows them better."""
        return Catalogue((*self._own, *models), shipped=self._shipped, prices=self._prices)

    def with_price(self, model: str, provider: str | None = None, **prices: float | str | Decimal) -> Catalogue:
        """Return a catalogue with another price for a model, known or not.

        Args:
            model: Its name.
            provider: The provider's id; None where `model` begins with it, as "groq/llama".
            prices: Fields of `Prices`: US dollars for a million tokens.
        """
        provider, model = (provider, model) if provider else _split(model)
        known = self.get(model, provider) or ModelInfo(model, provider)
        try:
            made = Prices(source="given", **prices)  # type: ignore[arg-type]
        except TypeError as exc:
            raise ConfigurationError(f"prices of {model!r} go by the names of Prices: {exc}") from exc
        return self.with_models(attrs.evolve(known, id=model, aliases=(), prices=made))

    # --- asking it

    def get(self, model: str, provider: str | None = None) -> ModelInfo | None:
        """Return what is known of a model; None when nothing is.

        A dated snapshot that is not listed by itself is taken for the model that it is one of.

        Args:
            model: Its name or an alias.
            provider: The provider's id; None where `model` begins with it, as "groq/llama", or to take the first that
                has a model of this name: the vendor itself, where it is among them.

        Raises:
            InvalidRequestError: The name is no text.
        """
        if not isinstance(model, str):
            raise InvalidRequestError(f"model must be a text, not {type(model).__name__}")
        key = (provider, model)
        if key not in self._found:
            if len(self._found) >= _MOST_FOUND:  # the names of models may come from users
                self._found.clear()
            self._found[key] = self._look_up(model, provider)
        return self._found[key]

    def find(
        self,
        *,
        provider: str | None = None,
        capabilities: Iterable[str] = (),
        modalities: Iterable[str] = (),
        mode: str | None = "chat",
        min_context: int = 0,
        max_input_price: float | None = None,
        max_output_price: float | None = None,
        deprecated_by: str | None = None,
    ) -> list[ModelInfo]:
        """Return the models that are known to fit, the cheapest first and those of unknown price last.

        Args:
            provider: The provider's id; None means any.
            capabilities: What they must be able to do, such as "tools" and "vision".
            modalities: What they must read, such as "image".
            mode: "chat", "embedding" or "rerank"; None means any.
            min_context: Tokens that must fit.
            max_input_price: Most US dollars for a million tokens of the prompt.
            max_output_price: The same of the completion.
            deprecated_by: A day such as "2026-12-01"; models that are switched off by then are left out.

        Raises:
            InvalidRequestError: Nothing fits, and no model that is known has a word such as these.
        """
        wanted, read = _words(capabilities), _words(modalities)

        def fits(info: ModelInfo) -> bool:
            return (
                (provider is None or info.provider == provider)
                and (mode is None or info.mode == mode)
                and all(info.supports(one) for one in wanted)
                and read <= set(info.modalities_in)
                and (min_context == 0 or (info.context_window or 0) >= min_context)
                and _at_most(info.prices.input if info.prices else None, max_input_price)
                and _at_most(info.prices.output if info.prices else None, max_output_price)
                and not (deprecated_by and info.deprecation_date and info.deprecation_date <= deprecated_by)
            )

        found = sorted(filter(fits, self), key=_price_order)
        if not found:
            _check_word("capability", wanted, (one for info in self for one in info.capabilities))
            _check_word("modality", read, (one for info in self for one in info.modalities_in))
            _check_word("mode", _words(mode or ()), (info.mode for info in self))
        return found

    def cost(
        self,
        provider: str,
        model: str,
        usage: Usage,
        *,
        estimated: bool = False,
        batch: bool = False,
        service_tier: str | None = None,
    ) -> Cost | None:
        """Return what tokens cost; None where the price is not known.

        Args:
            provider: The provider's id.
            model: The model.
            usage: The tokens; what the provider itself says of their cost comes first.
            estimated: Whether the tokens were counted on this side.
            batch: Whether they were used by a job that the provider ran when it liked.
            service_tier: The provider's word for how the call was served, where it told.
        """
        if service_tier in _DEARER and usage.cost is None:
            return None
        batch = batch or (provider, service_tier) in _AS_BATCH
        if usage.cost is None and self._prices is not None and not batch:
            told = self._prices.cost(provider, model, usage)
            if told is not None:
                return attrs.evolve(told, estimated=estimated)
        info = self.get(model, provider)
        return compute_cost(usage, info.prices if info else None, estimated=estimated, batch=batch)

    def __iter__(self) -> Iterator[ModelInfo]:
        """Yield every model once: your own, then the shipped ones that they do not replace."""
        yield from {(info.provider, info.id): info for info in self._own}.values()
        if self._shipped:
            day, entries = _shipped()
            for (provider, name), entry in entries.items():
                if name == entry["id"] and (provider, name) not in self._by_name:
                    yield _from_entry(entry, day)

    def __repr__(self) -> str:
        return f"Catalogue({len(self._own)} models of your own{', and the shipped ones' if self._shipped else ''})"

    def __getstate__(self) -> dict[str, Any]:
        return {"models": self._own, "shipped": self._shipped, "prices": self._prices}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _look_up(self, model: str, provider: str | None) -> ModelInfo | None:
        for name in _names(model):
            for owner, rest in [(provider, name)] if provider else [(None, name), _split(name)]:
                found = self._by_name.get((owner, rest)) or self._from_shipped(owner, rest)
                if found is not None:
                    return found
        return None

    def _from_shipped(self, provider: str | None, name: str) -> ModelInfo | None:
        if not self._shipped:
            return None
        day, entries = _shipped()
        if provider is None:
            entry = next((entry for (_, listed), entry in entries.items() if listed == name), None)
        else:
            entry = entries.get((provider, name))
        if entry is None:
            return None
        info = _from_entry(entry, day)
        return attrs.evolve(info, prices=None) if name in entry.get("unpriced_aliases", ()) else info


def _names(model: str) -> list[str]:
    bare = model.removeprefix("models/")  # as Gemini lists them
    undated = _DATED.sub("", bare)
    return list(dict.fromkeys([model, bare, undated]))


def _split(name: str) -> tuple[str | None, str]:
    head, slash, rest = name.partition("/")
    return (head, rest) if slash else (None, name)


def _words(given: str | Iterable[str]) -> set[str]:
    return {given} if isinstance(given, str) else set(given)


def _check_word(kind: str, wanted: set[str], known: Iterable[str | None]) -> None:
    words = {word for word in known if word is not None}
    if not wanted <= words:
        there = ", ".join(sorted(words))
        raise InvalidRequestError(f"no model is known by the {kind} {min(wanted - words)!r}; there are {there}")


def _at_most(price: Decimal | None, limit: float | None) -> bool:
    return limit is None or (price is not None and price <= limit)


def _price_order(info: ModelInfo) -> tuple[bool, Decimal, str]:
    prices = info.prices
    known = prices is not None and prices.input is not None and prices.output is not None
    total = prices.input + prices.output if known else Decimal()  # type: ignore[union-attr,operator]
    return not known, total, info.full_name


def _from_entry(entry: Mapping[str, Any], day: str | None) -> ModelInfo:
    told = {name: entry[name] for name in _TEXTS if name in entry}
    told |= {name: tuple(entry[name]) for name in _LISTS if name in entry}
    prices = entry.get("prices")
    if prices:
        told["prices"] = _prices(prices, day)
    return ModelInfo(entry["id"], entry.get("provider"), name=entry.get("name"), **told)


def _prices(told: Mapping[str, Any], day: str | None) -> Prices:
    numbers = {name: told[name] for name in _PRICES if name in told}
    tiers = tuple(
        PriceTier(above=tier["above"], input=tier["input"], output=tier["output"])
        for tier in sorted(told.get("tiers", ()), key=lambda tier: tier["above"])
    )
    return Prices(**numbers, tiers=tiers, source=told.get("from"), date=day)


def _to_entry(info: ModelInfo) -> dict[str, Any]:
    kept = ("id", "provider", "name", *_TEXTS, *_LISTS)
    entry: dict[str, Any] = {name: value for name in kept if (value := getattr(info, name))}
    if info.prices is not None:
        prices = {name: str(price) for name in _PRICES if (price := getattr(info.prices, name)) is not None}
        tiers = [{"above": tier.above, "input": str(tier.input), "output": str(tier.output)}
                 for tier in info.prices.tiers]  # fmt: skip
        entry["prices"] = prices | ({"tiers": tiers} if tiers else {}) | {"from": info.prices.source}
        entry["date"] = info.prices.date
    return entry
