"""What the catalogue knows, and what a user can teach it."""

import json
import pickle
from decimal import Decimal

import pytest

from ai_lib import AiClient, Catalogue, ConfigurationError, ConnectionOptions, ModelInfo, Usage
from ai_lib.models import Prices
from ai_lib.models import catalogue as module
from ai_lib.providers.registry import configs

SHIPPED = Catalogue()
MILLION_EACH = Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000, total_tokens=2_000_000)


def test_it_knows_prices_limits_and_capabilities_with_their_source():
    info = SHIPPED.get("gpt-4o", "openai")

    assert info is not None
    assert (info.context_window, info.max_output_tokens, info.mode) == (128_000, 16_384, "chat")
    assert info.prices is not None
    assert (info.prices.input, info.prices.output) == (Decimal("2.5"), Decimal(10))
    assert (info.prices.source, info.prices.date) == ("genai-prices", "2026-11-22")
    assert info.supports("vision") is True
    assert info.supports("reasoning") is False
    assert info.supports("mind_reading") is None


@pytest.mark.parametrize(
    ("name", "provider", "found"),
    [
        ("gpt-4o-2024-08-06", "openai", "gpt-4o"),  # a listed snapshot
        ("gpt-4o-2031-01-01", "openai", "gpt-4o"),  # one that is not listed
        ("openai/gpt-4o", None, "gpt-4o"),
        ("models/gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("claude-opus-4-5@20251101", "anthropic", "claude-opus-4-5"),
        ("global.anthropic.claude-opus-5", "bedrock", "anthropic.claude-opus-5"),
    ],
)
def test_a_model_is_found_by_its_other_names(name, provider, found):
    info = SHIPPED.get(name, provider)

    assert info is not None
    assert info.id == found


@pytest.mark.parametrize(("name", "provider"), [("gpt-4o-nonsense", "openai"), ("gpt-4o", "groq"), ("gpt-4o", "mine")])
def test_an_unknown_model_is_none(name, provider):
    assert SHIPPED.get(name, provider) is None
    assert SHIPPED.cost(provider, name, MILLION_EACH) is None


def test_a_regional_profile_that_costs_more_has_no_price_rather_than_a_wrong_one():
    info = SHIPPED.get("us.anthropic.claude-opus-5", "bedrock")

    assert info is not None
    assert info.prices is None


def test_every_shipped_model_can_be_read_and_belongs_to_a_provider():
    known = {config.id for config in configs()}
    models = list(SHIPPED)

    assert len(models) > 600
    assert {model.provider for model in models} <= known
    assert all(model.prices is None or model.prices.date == "2026-11-22" for model in models)


def test_the_file_is_read_only_when_it_is_needed(monkeypatch):
    monkeypatch.setattr(module, "_shipped", lambda: pytest.fail("read the file"))

    client = AiClient("openai/gpt-4o", options=ConnectionOptions(api_key="k"))
    with pytest.raises(pytest.fail.Exception, match="read the file"):
        client.model_info()


def test_it_survives_pickling():
    copy = pickle.loads(pickle.dumps(SHIPPED.with_price("openai/gpt-4o", input=1, output=2)))

    assert copy.cost("openai", "gpt-4o", MILLION_EACH).total == 3


def test_a_custom_price_comes_first_and_keeps_the_rest_of_the_entry():
    taught = SHIPPED.with_price("openai/gpt-4o", input="1", output=2.5)

    cost = taught.cost("openai", "gpt-4o", MILLION_EACH)

    assert cost is not None
    assert (cost.total, cost.source) == (Decimal("3.5"), "given")
    info = taught.get("gpt-4o", "openai")
    assert info is not None
    assert info.context_window == 128_000
    assert SHIPPED.get("gpt-4o", "openai") != info


def test_a_custom_model_is_found_and_listed():
    mine = ModelInfo("tiny", "mine", mode="chat", aliases=("small",), capabilities={"tools": True})
    taught = SHIPPED.with_models(mine)

    assert taught.get("small", "mine") is mine
    assert taught.find(provider="mine", capabilities=["tools"]) == [mine]
    assert Catalogue([mine], shipped=False).get("gpt-4o", "openai") is None


def test_entries_survive_a_file(tmp_path):
    prices = Prices(input=Decimal("0.1"), output=Decimal(3), source="me", date="2026-01-01")
    mine = ModelInfo("tiny", "mine", mode="chat", modalities_in=("text",), capabilities={"tools": False}, prices=prices)

    Catalogue([mine]).to_file(tmp_path / "models.json")

    assert Catalogue.from_file(tmp_path / "models.json").get("tiny", "mine") == mine


@pytest.mark.parametrize(
    "content", ["", "[]", '{"models": [{}]}', '{"models": [{"id": "a", "prices": {"input": "x"}}]}']
)
def test_a_file_without_models_is_rejected(tmp_path, content):
    path = tmp_path / "models.json"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=r"models\.json holds no models"):
        Catalogue.from_file(path)


def test_find_returns_only_models_that_fit_the_cheapest_first():
    found = SHIPPED.find(capabilities=["vision", "tools"], min_context=500_000, max_output_price=5)

    prices = [model.prices.input + model.prices.output for model in found]
    assert prices == sorted(prices)
    assert found
    assert all(model.supports("vision") and model.supports("tools") for model in found)
    assert all(model.context_window >= 500_000 and model.prices.output <= 5 for model in found)


def test_a_search_leaves_out_what_is_switched_off_by_a_day():
    models = [ModelInfo("old", "p", mode="chat", deprecation_date="2026-01-01"), ModelInfo("new", "p", mode="chat")]

    found = Catalogue(models, shipped=False).find(deprecated_by="2026-06-01")

    assert [model.id for model in found] == ["new"]


def test_models_of_unknown_price_come_last_and_do_not_count_as_cheap():
    free = Prices(input=Decimal(), output=Decimal())
    models = [ModelInfo("unknown", "p", mode="chat"), ModelInfo("free", "p", mode="chat", prices=free)]
    own = Catalogue(models, shipped=False)

    assert [model.id for model in own.find()] == ["free", "unknown"]
    assert [model.id for model in own.find(max_input_price=1)] == ["free"]


def test_a_service_tier_without_a_known_price_has_no_cost():
    usual = SHIPPED.cost("openai", "gpt-4o", MILLION_EACH)
    flex = SHIPPED.cost("openai", "gpt-4o", MILLION_EACH, service_tier="flex")

    assert usual is not None
    assert flex is not None
    assert (usual.total, flex.total) == (Decimal("12.5"), Decimal("6.25"))
    assert SHIPPED.cost("openai", "gpt-4o", MILLION_EACH, service_tier="priority") is None
    assert SHIPPED.cost("openai", "gpt-4o", MILLION_EACH, service_tier="default") == usual


def test_the_shipped_file_is_the_generated_one(shared):
    table = json.loads((shared / "providers" / "models.json").read_text())
    known = {config.id for config in configs()}

    expected = {(entry["provider"], entry["id"]): entry.get("prices", {}).get("input")
                for entry in table["models"] if entry["provider"] in known}  # fmt: skip

    shipped = {(model.provider, model.id): model.prices.input if model.prices else None for model in SHIPPED}
    assert {key: None if price is None else Decimal(str(price)) for key, price in expected.items()} == shipped


@pytest.mark.parametrize("price", [-1, "much", float("nan"), float("inf"), True])
def test_an_invalid_price_is_rejected(price):
    with pytest.raises(ConfigurationError, match="a price must be a number of US dollars >= 0"):
        SHIPPED.with_price("openai/gpt-4o", input=price)
    with pytest.raises(ConfigurationError, match="a price must be a number of US dollars >= 0"):
        Prices(output=price)


def test_prices_may_be_written_as_numbers_or_texts():
    assert Prices(input=2.5, output="10") == Prices(input=Decimal("2.5"), output=Decimal(10))


def test_a_catalogue_holds_models_only():
    with pytest.raises(ConfigurationError, match="a catalogue holds ModelInfo, not dict"):
        SHIPPED.with_models({"id": "a"})
