"""Write docs/providers.md from the configurations: `python docs/generate.py`. A test fails when it is stale.

What a provider can do is not claimed but found out: each feature is put into a request and encoded for it.
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

This page is generated from `ai_lib/providers/configs/`, one file a provider; `python docs/generate.py` writes it anew.

A provider is named by its id or an alias: `AiClient("groq")`, `AiClient(Provider.GROQ)`, or with a model after a
slash, `AiClient("groq/openai/gpt-oss-20b")`. The key is read from the first of its variables that is set; no variable
belongs to two providers. `<ID>_MODEL` in the environment replaces the default model, and the base URL variable the
base URL. An API in the last column is chosen with `AiClient("openai", api="responses")`.
Where the table shows no default model, name one.

| id | provider | key variables | base URL | base URL variable | default model | APIs |
|---|---|---|---|---|---|---|
"""
FEATURES_HEAD = """
## What reaches the wire

Each feature was put into a request and encoded for the provider's default model: ● it is sent in the provider's own
form, ○ it raises `UnsupportedFeatureError`, or is left out and listed on `response.adjustments` with
`on_unsupported="warn"` or `"drop"`. (A client asks for a form of the answer by a tool or in words instead.)
◐ in the column *stream*: the provider cannot stream, so one whole answer is given
out as chunks; ◑ the same only when tools are given. Whether a certain model understands what is sent is up to the
model.

The *kind* is `ProviderConfig.kind`: "config" where a configuration adapts OpenAI's chat API to the provider,
"independent" where the provider's own API has a dialect of its own.

"""
RETIRED = "\n## Ended\n\n"
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
    "cache mark": {"messages": Message.user(Text("?", cache="5m"))},
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
    """Return one line of the table of addresses."""
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


def takes(config: ProviderConfig, fields: dict[str, Any]) -> bool:
    """Return whether a request with these fields can be encoded for a provider."""
    adapter = ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url=config.base_url)
    request = ChatCompletionRequest(**{"messages": "hi", "model": config.default_model or "m", **fields})
    try:
        adapter.chat_request(request, stream=False)
    except UnsupportedFeatureError:
        return False
    return True


def speaking(every: list[ProviderConfig]) -> Iterator[ProviderConfig]:
    """Yield each configuration, and one for each further API of it."""
    for config in every:
        yield config
        yield from (config.with_api(name) for name in config.apis)


def features(config: ProviderConfig) -> str:
    """Return one line of the table of features."""
    name = f"`{config.id}`" if config.api is None else f"`{config.id}` `{config.api}`"
    if config.chat_path is None:
        chat = ["○"] * (len(FEATURES) + 1)
    else:
        chat = [
            STREAM_MARKS[config.streaming],
            *("●" if takes(config, fields) else "○" for fields in FEATURES.values()),
        ]
    told = attrs.asdict(config, recurse=False)
    beside = ["●" if told[field] is not None and config.api is None else "" for field in OPERATIONS]
    return f"| {name} | {config.kind} | {config.dialect} | {' | '.join([*chat, *beside])} |\n"


def page() -> str:
    """Return the whole page."""
    every = list(configs())
    live = [config for config in every if not config.retired]
    ended = [f"- **{c.display_name}** (`{c.id}`): {c.retired}. {' '.join(c.notes)}\n" for c in every if c.retired]
    columns = ["id", "kind", "dialect", "stream", *FEATURES, *OPERATIONS.values()]
    table = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return (
        HEAD
        + "".join(row(config) for config in live)
        + FEATURES_HEAD
        + table
        + "".join(features(config) for config in speaking(live))
        + RETIRED
        + "".join(ended)
    )


if __name__ == "__main__":
    (Path(__file__).parent / "providers.md").write_text(page(), encoding="utf-8")
