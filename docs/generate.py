"""Generator of docs/providers.md from the configurations: `python docs/generate.py`. A test fails when it is stale.

The table of features is measured, not declared: each feature is put into a request and encoded for each provider.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs, load_dialect
from ai_lib.types.content import Audio, Document, Image, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool

HEAD = """# Providers

This page is generated from `ai_lib/providers/configs/`, one file per provider; `python docs/generate.py` updates it.

Select a provider by its id or an alias: `AiClient("groq")`, `AiClient(Provider.GROQ)`, or with a model after a slash,
`AiClient("groq/openai/gpt-oss-20b")`. The key is read from the first of the key variables that is set; no variable
belongs to two providers. The environment variable `<ID>_MODEL` replaces the default model, and the base URL variable
replaces the base URL. If the table shows no default model, pass one. The last column lists alternative APIs, selected
with `AiClient("openai", api="responses")`.

| id | provider | key variables | base URL | base URL variable | default model | APIs |
|---|---|---|---|---|---|---|
"""
FEATURES_HEAD = """
## Supported features

Each feature was put into a request and encoded for the provider's default model. ● means that it is sent in the
provider's own format; ○ that it raises `UnsupportedFeatureError`, or, with `on_unsupported="warn"` or `"drop"`, is left
out and listed in `response.adjustments`. (For JSON and JSON Schema, a client uses a tool or the prompt instead.)
◐ in the column *stream* means that the provider cannot stream, so the whole answer is yielded as chunks; ◑ that this
applies only to requests with tools. Whether a particular model supports a feature depends on the model.

The *kind* is `ProviderConfig.kind`: "config" if a configuration adapts OpenAI's chat API to the provider,
"independent" if the provider's API has its own dialect.

"""
RETIRED = "\n## Retired providers\n\n"
STREAM_MARKS = {"native": "●", "emulated": "◐", "emulated_with_tools": "◑"}

PNG = Image.from_bytes(b"\x89PNG\r\n\x1a\n", "image/png")
PDF = Document.from_bytes(b"%PDF-1.4\n", "application/pdf", name="a.pdf")
WAV = Audio.from_bytes(b"RIFF", "audio/wav")
TOOL = Tool("add", "Add", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
FEATURES: dict[str, dict[str, Any]] = {
    "image URL": {"messages": Message.user("?", Image.from_url("https://example.com/a.png"))},
    "image": {"messages": Message.user("?", PNG)},
    "audio": {"messages": Message.user("?", WAV)},
    "PDF": {"messages": Message.user("?", PDF)},
    "tools": {"tools": [TOOL]},
    "required tool": {"tools": [TOOL], "tool_choice": "required"},
    "named tool": {"tools": [TOOL], "tool_choice": "add"},
    "parallel calls off": {"tools": [TOOL], "parallel_tool_calls": False},
    "JSON": {"response_format": ResponseFormat(kind="json_object")},
    "JSON Schema": {"response_format": ResponseFormat(kind="json_schema", schema=SCHEMA)},
    "reasoning effort": {"reasoning": "low", "max_tokens": 4000},
    "reasoning budget": {"reasoning": 2000, "max_tokens": 4000},
    "prompt caching": {"messages": Message.user(Text("?", cache="5m"))},
    "seed": {"seed": 1},
    "log probabilities": {"logprobs": True},
    "several answers": {"n": 2},
}
OPERATIONS = {
    "embed": "embeddings",
    "rerank": "reranking",
    "count_tokens": "token counts",
    "upload": "uploads",
    "jobs": "batch jobs",
    "models_path": "model list",
}


def row(config: ProviderConfig) -> str:
    """Return a row of the table of providers."""
    names = " ".join(f"`{name}`" for name in (config.id, *config.aliases))
    keys = " ".join(f"`{name}`" for name in (*config.key_env, *config.bearer_env)) or "none"
    keys += f", else {config.credentials} credentials" if config.credentials else ""
    keys += " (optional)" if config.key_optional and config.key_env and not config.credentials else ""
    url = "runs on this machine" if config.transport == "embedded" else f"`{config.base_url}`"
    variable = f"`{config.base_url_env[0]}`" if config.base_url_env else ""
    model = f"`{config.default_model}`" if config.default_model else ""
    provider = f"[{config.display_name}]({config.docs})" if config.docs else config.display_name
    apis = " ".join(f"`{name}`" for name in config.apis)
    return f"| {names} | {provider} | {keys} | {url} | {variable} | {model} | {apis} |\n"


def supports(config: ProviderConfig, fields: dict[str, Any]) -> bool:
    """Return whether a request with these fields can be encoded for a provider."""
    adapter = ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url=config.base_url)
    request = ChatCompletionRequest(**{"messages": "hi", "model": config.default_model or "m", **fields})
    try:
        adapter.chat_request(request, stream=False)
    except UnsupportedFeatureError:
        return False
    return True


def with_alternative_apis(providers: list[ProviderConfig]) -> Iterator[ProviderConfig]:
    """Yield each configuration, followed by those of its alternative APIs."""
    for config in providers:
        yield config
        yield from (config.with_api(name) for name in config.apis)


def features(config: ProviderConfig) -> str:
    """Return a row of the table of features."""
    name = f"`{config.id}`" if config.api is None else f"`{config.id}` `{config.api}`"
    if config.chat_path is None:
        chat = ["○"] * (len(FEATURES) + 1)
    else:
        chat = [
            STREAM_MARKS[config.streaming],
            *("●" if supports(config, fields) else "○" for fields in FEATURES.values()),
        ]
    settings = attrs.asdict(config, recurse=False)
    operations = ["●" if settings[field] is not None and config.api is None else "" for field in OPERATIONS]
    return f"| {name} | {config.kind} | {config.dialect} | {' | '.join([*chat, *operations])} |\n"


def page() -> str:
    """Return the whole page."""
    providers = list(configs())
    active = [config for config in providers if not config.retired]
    retired = [f"- **{c.display_name}** (`{c.id}`): {c.retired}. {' '.join(c.notes)}\n" for c in providers if c.retired]
    columns = ["id", "kind", "dialect", "stream", *FEATURES, *OPERATIONS.values()]
    table = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return (
        HEAD
        + "".join(row(config) for config in active)
        + FEATURES_HEAD
        + table
        + "".join(features(config) for config in with_alternative_apis(active))
        + RETIRED
        + "".join(retired)
    )


if __name__ == "__main__":
    (Path(__file__).parent / "providers.md").write_text(page(), encoding="utf-8")
