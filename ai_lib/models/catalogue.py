"""The catalogue of models: limits, capabilities and prices, shipped as a file that is read on first use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import attrs

from ai_lib.errors import ConfigurationError, InvalidRequestError
from ai_lib.models.cost import compute_cost
from ai_lib.types.model import ModelInfo
from ai_lib.types.price import Cost, Prices, PriceTier
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.utils import json

__all__ = ["Catalogue", "PriceSource"]

_FILE = Path(__file__).with_name("catalogue.json")
_MAX_CACHED = 2000
# gpt-4o-2024-08-06, claude-opus-4-5-20251101, claude-opus-4-5@20251101
_DATED = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$")
# The tables do not have the prices of these service tiers; the others are billed as usual, or like batch jobs.
# Source: https://platform.openai.com/docs/pricing
_UNPRICED_TIERS = ("priority", "scale")
_BATCH_TIERS = (("openai", "flex"), ("azure_openai", "flex"))
_PRICES = frozenset(attrs.fields_dict(Prices)) - {"tiers", "source", "date"}
_SCALARS = ("mode", "context_window", "max_output_tokens", "capabilities", "speed", "quality", "deprecation_date",
          "knowledge", "released")  # fmt: skip
_LISTS = ("aliases", "modalities_in", "modalities_out", "source")
_Entries = Mapping[tuple[str, str], Mapping[str, Any]]


class PriceSource(Protocol):
    """Another source of prices."""

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        """Return the cost of tokens; None if it is unknown there."""


@cache
def _shipped() -> tuple[str, _Entries]:
    """Return the date of the shipped file, and its entries by provider and name."""
    file = json.loads(_FILE.read_bytes())
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in file["models"]:
        for name in (*entry.get("aliases", ()), *entry.get("unpriced_aliases", ())):
            entries.setdefault((entry["provider"], name), entry)
    entries.update({(entry["provider"], entry["id"]): entry for entry in file["models"]})
    return file["date"], entries


class Catalogue:
    """The models that are known. Immutable: the `with_...` methods return another one.

    Args:
        models: Your entries, which replace the shipped ones of the same name.
        shipped: Whether to use the entries that come with the package.
        prices: Another source of prices, which comes first.

    Raises:
        ConfigurationError: An entry is not a ModelInfo.
    """

    def __init__(
        self, models: Iterable[ModelInfo] = (), *, shipped: bool = True, prices: PriceSource | None = None
    ) -> None:
        self._models = tuple(models)
        self._shipped = shipped
        self._prices = prices
        self._by_name: dict[tuple[str | None, str], ModelInfo] = {}
        for info in self._models:
            if not isinstance(info, ModelInfo):
                raise ConfigurationError(f"a catalogue holds ModelInfo, not {type(info).__name__}")
            for name in (*info.aliases, info.id):
                self._by_name[info.provider, name] = info
        self._cache: dict[tuple[str | None, str], ModelInfo | None] = {}

    @classmethod
    def from_file(cls, path: str | Path, *, shipped: bool = True) -> Catalogue:
        """Return a catalogue with the entries of a file that `to_file` wrote.

        Raises:
            ConfigurationError: The file cannot be read, or does not hold models.
        """
        try:
            entries = json.loads(Path(path).read_bytes())
            return cls([_model_info(entry, entry.get("date")) for entry in entries["models"]], shipped=shipped)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ConfigurationError) as exc:
            raise ConfigurationError(f"{path} holds no models: {type(exc).__name__}: {exc}") from exc

    def to_file(self, path: str | Path) -> None:
        """Write your entries to a file, as JSON."""
        entries = []
        for info in self._models:
            names = ("id", "provider", "name", *_SCALARS, *_LISTS)
            entry: dict[str, Any] = {name: value for name in names if (value := getattr(info, name))}
            if info.prices is not None:
                prices = {name: str(price) for name in _PRICES if (price := getattr(info.prices, name)) is not None}
                tiers = [{"above": tier.above, "input": str(tier.input), "output": str(tier.output)}
                         for tier in info.prices.tiers]  # fmt: skip
                entry["prices"] = prices | ({"tiers": tiers} if tiers else {}) | {"from": info.prices.source}
                entry["date"] = info.prices.date
            entries.append(entry)
        Path(path).write_bytes(json.dumps({"models": entries}))

    def with_models(self, *models: ModelInfo) -> Catalogue:
        """Return a catalogue with these models added or replaced."""
        return Catalogue((*self._models, *models), shipped=self._shipped, prices=self._prices)

    def with_price(self, model: str, provider: str | None = None, **prices: float | str | Decimal) -> Catalogue:
        """Return a catalogue with another price for a model, known or not.

        Args:
            model: Its name.
            provider: The provider's id; None if `model` starts with it, as "groq/llama".
            prices: Fields of `Prices`: US dollars per million tokens.

        Raises:
            ConfigurationError: A price has no such field, or is not a number >= 0.
        """
        provider, model = (provider, model) if provider else _split(model)
        known = self.get(model, provider) or ModelInfo(model, provider)
        try:
            changed = Prices(source="given", **prices)  # type: ignore[arg-type]
        except TypeError as exc:
            raise ConfigurationError(f"unknown price field for {model!r}: {exc}") from exc
        return self.with_models(attrs.evolve(known, id=model, aliases=(), prices=changed))

    def get(self, model: str, provider: str | None = None) -> ModelInfo | None:
        """Return a model; None if it is unknown.

        A dated snapshot without an entry is looked up as the model that it is a snapshot of.

        Args:
            model: Its name or an alias.
            provider: The provider's id; None if `model` starts with it, as "groq/llama", or to take the first that
                has a model of this name: the vendor itself, if it is among them.

        Raises:
            InvalidRequestError: `model` is not a string.
        """
        if not isinstance(model, str):
            raise InvalidRequestError(f"model must be a string, not {type(model).__name__}")
        key = (provider, model)
        if key not in self._cache:
            if len(self._cache) >= _MAX_CACHED:  # model names may come from users
                self._cache.clear()
            bare = model.removeprefix("models/")  # as Gemini lists them
            names = dict.fromkeys((model, bare, _DATED.sub("", bare)))
            keys = (
                ((provider, name) for name in names)
                if provider
                else (key for name in names for key in ((None, name), _split(name)))
            )
            self._cache[key] = next(filter(None, (self._look_up(*key) for key in keys)), None)
        return self._cache[key]

    def _look_up(self, provider: str | None, name: str) -> ModelInfo | None:
        if (provider, name) in self._by_name or not self._shipped:
            return self._by_name.get((provider, name))
        date, entries = _shipped()
        if provider is None:
            entry = next((entry for (_, listed), entry in entries.items() if listed == name), None)
        else:
            entry = entries.get((provider, name))
        if entry is None:
            return None
        info = _model_info(entry, date)
        return attrs.evolve(info, prices=None) if name in entry.get("unpriced_aliases", ()) else info

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
        """Return the models that fit, the cheapest first and those of unknown price last.

        Args:
            provider: The provider's id; None means any.
            capabilities: Required capabilities, such as "tools" and "vision".
            modalities: Required input modalities, such as "image".
            mode: "chat", "embedding" or "rerank"; None means any.
            min_context: Minimum context window in tokens.
            max_input_price: Maximum price of the prompt in US dollars per million tokens.
            max_output_price: Maximum price of the completion in US dollars per million tokens.
            deprecated_by: A date such as "2026-12-01"; models that are shut down by then are left out.

        Raises:
            InvalidRequestError: No model fits, and no known model has such a capability, modality or mode.
        """
        required, inputs = _words(capabilities), _words(modalities)

        def fits(info: ModelInfo) -> bool:
            prices = info.prices or Prices()
            return (
                (provider is None or info.provider == provider)
                and (mode is None or info.mode == mode)
                and all(map(info.supports, required))
                and inputs <= set(info.modalities_in)
                and (min_context == 0 or (info.context_window or 0) >= min_context)
                and all(
                    limit is None or (price is not None and price <= limit)
                    for price, limit in ((prices.input, max_input_price), (prices.output, max_output_price))
                )
                and not (deprecated_by and info.deprecation_date and info.deprecation_date <= deprecated_by)
            )

        models = sorted(filter(fits, self), key=_price_order)
        if not models:
            # Perhaps because of a typing error, which an empty list would hide.
            _check_words("capability", required, (word for info in self for word in info.capabilities))
            _check_words("modality", inputs, (word for info in self for word in info.modalities_in))
            _check_words("mode", _words(mode or ()), (info.mode for info in self))
        return models

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
        """Return the cost of tokens; None if the price is unknown.

        Args:
            provider: The provider's id.
            model: The model.
            usage: The tokens; a cost that the provider itself reported comes first.
            estimated: Whether the tokens were counted by this library.
            batch: Whether they were used by a batch job.
            service_tier: The service tier that the provider reported.
        """
        if service_tier in _UNPRICED_TIERS and usage.cost is None:
            return None
        batch = batch or (provider, service_tier) in _BATCH_TIERS
        if usage.cost is None and self._prices is not None and not batch:
            cost = self._prices.cost(provider, model, usage)
            if cost is not None:
                return attrs.evolve(cost, estimated=estimated)
        info = self.get(model, provider)
        return compute_cost(usage, info.prices if info else None, estimated=estimated, batch=batch)

    def response_cost(
        self, provider: str, model: str | None, response: ChatCompletionResponse, *, batch: bool = False
    ) -> Cost | None:
        """Return the cost of a response; None if a price is unknown.

        Args:
            provider: The provider's id.
            model: The requested model, in case the response names none that is known.
            response: The response.
            batch: Whether the response comes from a batch job.
        """
        if response.usage_status in (UsageStatus.UNSUPPORTED, UsageStatus.PENDING):
            return None
        tier = response.raw.get("service_tier") if isinstance(response.raw, Mapping) else None
        estimated = response.usage_status is UsageStatus.ESTIMATED
        # A deployment or a user's alias answers under another name, and the other way round.
        for name in filter(None, (response.model, model)):
            cost = self.cost(provider, name, response.usage, estimated=estimated, batch=batch, service_tier=tier)
            if cost is not None:
                return cost
        return None

    def __iter__(self) -> Iterator[ModelInfo]:
        """Yield every model once: yours, then the shipped ones that they do not replace."""
        yield from {(info.provider, info.id): info for info in self._models}.values()
        if self._shipped:
            date, entries = _shipped()
            for (provider, name), entry in entries.items():
                if name == entry["id"] and (provider, name) not in self._by_name:
                    yield _model_info(entry, date)

    def __repr__(self) -> str:
        return f"Catalogue({len(self._models)} custom models{', and the shipped ones' if self._shipped else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), shipped=self._shipped, prices=self._prices), (self._models,)


def _split(name: str) -> tuple[str | None, str]:
    head, slash, rest = name.partition("/")
    return (head, rest) if slash else (None, name)


def _words(value: str | Iterable[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _check_words(kind: str, words: set[str], known: Iterable[str | None]) -> None:
    names = set(filter(None, known))
    if not words <= names:
        raise InvalidRequestError(
            f"no known model has the {kind} {min(words - names)!r}; known: {', '.join(sorted(names))}"
        )


def _price_order(info: ModelInfo) -> tuple[bool, Decimal, str]:
    prices = info.prices
    if prices is None or prices.input is None or prices.output is None:
        return True, Decimal(), info.full_name
    return False, prices.input + prices.output, info.full_name


def _model_info(entry: Mapping[str, Any], date: str | None) -> ModelInfo:
    """Return the model of an entry of the file, whose prices were gathered on a date."""
    fields = {name: entry[name] for name in _SCALARS if name in entry}
    fields |= {name: tuple(entry[name]) for name in _LISTS if name in entry}
    prices = entry.get("prices")
    if prices:
        tiers = tuple(
            PriceTier(above=tier["above"], input=tier["input"], output=tier["output"])
            for tier in sorted(prices.get("tiers", ()), key=lambda tier: tier["above"])
        )
        numbers = {name: prices[name] for name in _PRICES if name in prices}
        fields["prices"] = Prices(**numbers, tiers=tiers, source=prices.get("from"), date=date)
    return ModelInfo(entry["id"], entry.get("provider"), name=entry.get("name"), **fields)
