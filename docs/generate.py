"""Write docs/providers.md from the configurations: `python docs/generate.py`. A test fails when it is stale."""

from pathlib import Path

from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs

HEAD = """# Providers

This page is generated from `ai_lib/providers/configs/`, one file a provider; `python docs/generate.py` writes it anew.

A provider is named by its id or an alias: `AiClient("groq")`, `AiClient(Provider.GROQ)`, or with a model after a
slash, `AiClient("groq/openai/gpt-oss-20b")`. The key is read from the first of its variables that is set; no variable
belongs to two providers. `<ID>_MODEL` in the environment replaces the default model, and the base URL variable the
base URL.
Where the table shows no default model, name one.

| id | provider | key variables | base URL | base URL variable | default model |
|---|---|---|---|---|---|
"""
RETIRED = "\n## Ended\n\n"


def row(config: ProviderConfig) -> str:
    """Return one line of the table."""
    names = " ".join(f"`{name}`" for name in (config.id, *config.aliases))
    keys = " ".join(f"`{name}`" for name in config.key_env) or "none"
    keys += " (optional)" if config.key_optional and config.key_env else ""
    url = "runs on this machine" if config.transport == "embedded" else f"`{config.base_url}`"
    variable = f"`{config.base_url_env[0]}`" if config.base_url_env else ""
    model = f"`{config.default_model}`" if config.default_model else ""
    provider = f"[{config.display_name}]({config.docs})" if config.docs else config.display_name
    return f"| {names} | {provider} | {keys} | {url} | {variable} | {model} |\n"


def page() -> str:
    """Return the whole page."""
    every = list(configs())
    ended = [f"- **{c.display_name}** (`{c.id}`): {c.retired}. {' '.join(c.notes)}\n" for c in every if c.retired]
    return HEAD + "".join(row(config) for config in every if not config.retired) + RETIRED + "".join(ended)


if __name__ == "__main__":
    (Path(__file__).parent / "providers.md").write_text(page(), encoding="utf-8")
