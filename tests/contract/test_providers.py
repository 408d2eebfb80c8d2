"""What every configuration must do, against a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions, ProviderConfig, Tool
from ai_lib.errors import AuthenticationError, ConfigurationError, MissingKeyError, RateLimitError
from ai_lib.providers.dialects.openai_chat.quirks import quirks_from
from ai_lib.providers.faults import ERROR_KINDS
from ai_lib.providers.registry import config_of, configs
from ai_lib.types.request import ChatCompletionRequest
from tests.server import Request, Server, completion, json_reply, sse_reply, stream_events

KEY = "own-key-4711"
OTHER_KEY = "canary-of-another"
ALL = tuple(configs())
LIVE = [pytest.param(config, id=config.id) for config in ALL if config.retired is None]
NEED_A_KEY = [pytest.param(c, id=c.id) for c in ALL if c.retired is None and c.key_env and not c.key_optional]
WORK_WITHOUT = [pytest.param(c, id=c.id) for c in ALL if c.retired is None and (c.key_optional or not c.key_env)]
KEY_VARIABLES = [pytest.param(c, name, id=f"{c.id}-{name}") for c in ALL if c.retired is None for name in c.key_env]
URL_VARIABLES = [
    pytest.param(c, name, id=f"{c.id}-{name}") for c in ALL if c.retired is None for name in c.base_url_env
]
MODEL_VARIABLES = [
    pytest.param(c, name, id=f"{c.id}-{name}") for c in ALL if c.retired is None for name in c.model_variables
]
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
CALLING = {
    "index": 0,
    "message": {"role": "assistant", "content": None, "tool_calls": [CALL]},
    "finish_reason": "tool_calls",
}


@pytest.fixture(scope="module")
def provider_server() -> Iterator[Server]:
    """One server for all tests of this file; each begins with an empty record."""
    with Server(json_reply(200, completion())) as running:
        yield running


@pytest.fixture
def here(provider_server: Server) -> Server:
    provider_server.requests.clear()
    provider_server.script(json_reply(200, completion()))
    return provider_server


def path_of(config: ProviderConfig) -> str:
    """Return the path of the provider's base URL."""
    return urlsplit(config.base_url.replace("{", "").replace("}", "")).path


def client_of(config: ProviderConfig, server: Server, **options: Any) -> AiClient:
    given = {"base_url": server.url + path_of(config), "api_key": KEY, "max_retries": 0, **options}
    return AiClient(config.id, model="some-model", options=ConnectionOptions(**given))


def everything_sent(server: Server) -> str:
    return "\n".join(f"{r.method} {r.path} {r.headers} {r.body.decode()}" for r in server.requests)


def only(server: Server) -> Request:
    (request,) = server.requests
    return request


# --- the request ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", LIVE)
def test_a_chat_goes_to_the_providers_path_with_its_key_in_one_header(config: ProviderConfig, here: Server) -> None:
    with client_of(config, here) as client:
        answer = client.chat("hi there")

    sent = only(here)
    assert (sent.method, sent.path) == ("POST", path_of(config) + config.chat_path)
    assert sent.headers[config.key_header.lower()] == config.key_prefix + KEY
    assert everything_sent(here).count(KEY) == 1
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers.items() >= {name.lower(): value for name, value in config.headers.items()}.items()
    assert sent.json == {"model": "some-model", "messages": [{"role": "user", "content": "hi there"}]}
    assert (answer.text, answer.provider, answer.usage.total_tokens) == ("hi", config.id, 3)


@pytest.mark.parametrize("config", LIVE)
def test_a_stream_is_asked_for_as_the_provider_wants_it(config: ProviderConfig, here: Server) -> None:
    here.script(sse_reply(stream_events("He", "llo")))

    with client_of(config, here) as client:
        stream = client.stream("hi")
        texts = [chunk.text for chunk in stream if chunk.text]

    wants_usage = quirks_from(config.quirks).stream_usage
    assert texts == ["He", "llo"]
    assert (stream.response.text, stream.response.finish_reason) == ("Hello", "stop")
    assert stream.response.usage.total_tokens == 3
    assert only(here).json["stream"] is True
    assert only(here).json.get("stream_options") == ({"include_usage": True} if wants_usage else None)
    assert only(here).headers["accept"] == "text/event-stream"


@pytest.mark.parametrize("config", LIVE)
def test_the_limit_of_tokens_goes_under_the_providers_name_and_no_other(config: ProviderConfig, here: Server) -> None:
    name = quirks_from(config.quirks).rename.get("max_tokens", "max_tokens")

    with client_of(config, here) as client:
        client.chat("hi", max_tokens=7)

    assert [key for key in only(here).json if key.startswith("max_")] == [name]
    assert only(here).json[name] == 7


@pytest.mark.parametrize(
    "config", [param for param in LIVE if "tools" not in quirks_from(param.values[0].quirks).rejects]
)
def test_a_tool_can_be_called(config: ProviderConfig, here: Server) -> None:
    here.script(json_reply(200, completion(choices=[CALLING])))

    with client_of(config, here) as client:
        answer = client.chat("1+1?", tools=[Tool("add", "Add", {"type": "object", "properties": {}})])

    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("add", {"a": 1})]
    assert answer.finish_reason == "tool_calls"
    assert only(here).json["tools"][0]["function"]["name"] == "add"


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", NEED_A_KEY)
def test_a_refused_key_is_an_authentication_error_that_names_the_variables(
    config: ProviderConfig, here: Server
) -> None:
    here.script(json_reply(401, {"error": {"message": f"bad key {KEY}"}}))

    with client_of(config, here) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("hi")

    error = caught.value
    assert (error.provider, error.model, error.status) == (config.id, "some-model", 401)
    assert all(name in error.hint for name in config.key_env)
    assert KEY not in str(error)
    assert len(here.requests) == 1


@pytest.mark.parametrize("config", LIVE)
def test_too_many_requests_is_a_rate_limit_with_the_wait(config: ProviderConfig, here: Server) -> None:
    here.script(json_reply(429, {"error": {"message": "slow down"}}, {"retry-after": "17"}))

    with client_of(config, here) as client, pytest.raises(RateLimitError) as caught:
        client.chat("hi")

    assert (caught.value.retry_after, caught.value.retryable, caught.value.provider) == (17.0, True, config.id)


@pytest.mark.parametrize("config", NEED_A_KEY)
def test_a_missing_key_is_told_with_its_variables_before_anything_is_sent(config: ProviderConfig, here: Server) -> None:
    with pytest.raises(MissingKeyError) as caught:
        client_of(config, here, api_key=None)

    assert all(name in str(caught.value) for name in config.key_env)
    assert caught.value.provider == config.id
    assert here.requests == []


@pytest.mark.parametrize("config", WORK_WITHOUT)
def test_a_provider_that_needs_no_key_gets_no_key_header(config: ProviderConfig, here: Server) -> None:
    with client_of(config, here, api_key=None) as client:
        client.chat("hi")

    assert config.key_header.lower() not in only(here).headers


# --- the environment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("config", "variable"), KEY_VARIABLES)
def test_a_key_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"  {KEY}\n")

    with client_of(config, here, api_key=None) as client:
        client.chat("hi")

    assert only(here).headers[config.key_header.lower()] == config.key_prefix + KEY


@pytest.mark.parametrize(("config", "variable"), URL_VARIABLES)
def test_a_base_url_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"{here.url}/own/")

    with client_of(config, here, base_url=None) as client:
        client.chat("hi")

    assert only(here).path == f"/own{config.chat_path}"


@pytest.mark.parametrize(("config", "variable"), [p for p in URL_VARIABLES if p.values[0].base_url_env_is_host])
def test_a_variable_that_holds_a_host_gets_the_providers_path(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, here.url)

    with client_of(config, here, base_url=None) as client:
        client.chat("hi")

    assert only(here).path == path_of(config) + config.chat_path


@pytest.mark.parametrize(("config", "variable"), MODEL_VARIABLES)
def test_a_model_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "model-of-mine")
    options = ConnectionOptions(base_url=here.url, api_key=KEY)

    with AiClient(config.id, options=options) as client:
        client.chat("hi")

    assert only(here).json["model"] == "model-of-mine"


@pytest.mark.parametrize("config", LIVE)
def test_the_variable_named_after_the_provider_sets_its_model(config: ProviderConfig) -> None:
    assert f"{config.id.upper()}_MODEL" in config.model_variables


@pytest.mark.parametrize("config", [param for param in LIVE if param.values[0].default_model is None])
def test_a_provider_without_a_default_model_says_how_to_name_one(config: ProviderConfig, here: Server) -> None:
    client = AiClient(config.id, options=ConnectionOptions(base_url=here.url, api_key=KEY))

    with client, pytest.raises(ConfigurationError, match=f"pass model=, or set {config.model_variables[0]}"):
        client.chat("hi")

    assert here.requests == []


@pytest.mark.parametrize("config", LIVE)
def test_a_key_of_another_provider_is_never_sent(
    config: ProviderConfig, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {name for other in ALL for name in other.key_env} - set(config.key_env):
        monkeypatch.setenv(name, OTHER_KEY)
    for name in config.key_env:
        monkeypatch.setenv(name, KEY)
    here.script(json_reply(200, completion()), sse_reply(stream_events("hi")))

    with client_of(config, here, api_key=None) as client:
        client.chat("hi")
        list(client.stream("hi"))

    assert len(here.requests) == 2
    assert OTHER_KEY not in everything_sent(here)


# --- the files as a whole ---------------------------------------------------------------------------------------------


def test_a_key_variable_belongs_to_one_provider() -> None:
    owners: dict[str, list[str]] = {}
    for config in ALL:
        for name in config.key_env:
            owners.setdefault(name, []).append(config.id)

    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


def test_a_name_means_one_provider() -> None:
    names = [name for config in ALL for name in (config.id, *config.aliases)]

    assert sorted(name for name in set(names) if names.count(name) > 1) == []
    assert [config_of(alias).id for config in ALL if not config.retired for alias in config.aliases] == [
        config.id for config in ALL if not config.retired for _ in config.aliases
    ]


@pytest.mark.parametrize("config", [pytest.param(config, id=config.id) for config in ALL if config.retired])
def test_a_provider_that_has_ended_says_so(config: ProviderConfig) -> None:
    with pytest.raises(ConfigurationError, match=f"ended its service on {config.retired}") as caught:
        AiClient(config.id)

    assert caught.value.code == "provider_retired"


REQUEST_FIELDS = frozenset(attrs.fields_dict(ChatCompletionRequest))


@pytest.mark.parametrize("config", LIVE)
def test_the_switches_of_a_configuration_name_things_that_exist(config: ProviderConfig) -> None:
    quirks = quirks_from(config.quirks)

    assert quirks.rejects <= REQUEST_FIELDS | {"name", "strict"}
    assert set(quirks.rename) <= REQUEST_FIELDS
    assert quirks.accepts <= {"top_k"}
    assert quirks.tool_choice <= {"auto", "none", "required", "named"}
    assert quirks.media <= {"image", "audio", "document"}
    assert set(config.errors.values()) <= set(ERROR_KINDS)


@pytest.mark.parametrize("config", LIVE)
def test_a_provider_elsewhere_is_reached_over_tls(config: ProviderConfig) -> None:
    url = urlsplit(config.base_url)

    assert url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1") or config.transport == "embedded"
