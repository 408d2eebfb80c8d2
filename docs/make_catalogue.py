"""Generator of ai_lib/models/catalogue.json from a table of models: `python docs/make_catalogue.py models.json`.

The table is a JSON document with `models`, `data` (the data sets that it was collected from, with versions) and
`generated` (the date). This script adds the tiers of quality and speed, by the rules below.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from ai_lib.providers.registry import configs

TARGET = Path(__file__).parents[1] / "ai_lib" / "models" / "catalogue.json"
FIELDS = (
    "provider", "id", "mode", "aliases", "context_window", "max_output_tokens", "modalities_in", "modalities_out",
    "capabilities", "prices", "deprecation_date", "knowledge", "released", "source",
)  # fmt: skip
# Vendors whose newer models cost 10 % more in Bedrock's regional inference profiles than in the global ones.
REGIONAL_SURCHARGE = ("anthropic.", "openai.", "moonshot", "zai.")
# Makers of models come before providers that also serve them: a name without a provider means the maker's model.
VENDORS = (
    "anthropic",
    "cohere",
    "deepseek",
    "gemini",
    "minimax",
    "mistral",
    "moonshot",
    "openai",
    "qwen",
    "xai",
    "zai",
)
FAST = re.compile(r"nano|mini\b|flash|lite|haiku|small|fast|instant|tiny|turbo|micro|\b[1-9]b\b")
SLOW = re.compile(r"opus|ultra|\bpro\b|deep-research|reasoner|heavy|multi-agent")


def tiers(entry: dict[str, Any]) -> dict[str, str]:
    """Return the tiers: quality by the price of the output, speed by name and price. They are not measured."""
    price = (entry.get("prices") or {}).get("output")
    if price is None or entry["mode"] != "chat":
        return {}
    quality = "excellent" if price >= 8 else "good" if price >= 1 else "basic"
    name = entry["id"].lower()
    if FAST.search(name) or price <= 1:
        return {"quality": quality, "speed": "fast"}
    return {"quality": quality, "speed": "slow" if SLOW.search(name) or price > 20 else "balanced"}


def catalogue_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of the table as an entry of the catalogue."""
    out = {key: entry[key] for key in FIELDS if entry.get(key)}
    if out.get("prices") is not None:
        out["prices"] = {name: price for name, price in out["prices"].items() if name != "off_peak"}
    profiles = [f"{region}.{entry['id']}" for region in entry.get("profiles", ())]
    surcharge = entry["provider"] == "bedrock" and entry["id"].startswith(REGIONAL_SURCHARGE)
    # The catalogue has no price for these: that of the global profile would be too low.
    unpriced = [name for name in profiles if surcharge and not name.startswith("global.")]
    out["aliases"] = [*out.get("aliases", ()), *(name for name in profiles if name not in unpriced)]
    out["unpriced_aliases"] = unpriced
    return {key: value for key, value in (out | tiers(entry)).items() if value}


def main(source: str) -> None:
    """Write the catalogue, one model per line, so that a diff is readable."""
    table = json.loads(Path(source).read_text(encoding="utf-8"))
    known = {config.id for config in configs()}
    models = sorted(
        (catalogue_entry(entry) for entry in table["models"] if entry["provider"] in known),
        key=lambda entry: (entry["provider"] not in VENDORS, entry["provider"], entry["id"]),
    )
    head = {"date": table["generated"], "data": table["data"]}
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in models)
    text = f'{json.dumps(head, ensure_ascii=False)[:-1]}, "models": [\n{lines}\n]}}\n'
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
