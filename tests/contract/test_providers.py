"""What every configuration of a provider must do, against a server on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions, Message, ProviderConfig, Tool
from ai_lib.errors import (
    AuthenticationError,
    ConfigurationError,
    MissingKeyError,
    RateLimitError,
    StreamInterruptedError,
    UnsupportedFeatureError,
)
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.errors.classify import ERROR_KINDS
from ai_lib.providers.registry import configs, get_config, load_dialect, load_operation
from ai_lib.types.request import ChatCompletionRequest
from tests.support.clients import client_of
from tests.support.dialect_samples import SAMPLES, DialectSamples, value_at
from tests.support.server import Request, Server, json_reply

KEY = "own-key-4711"
OTHER_KEY = "canary-of-another"
ALL = tuple(configs())
# Every provider that answers chats, in its usual API and in every other one.
SPEAKERS = [
    speaker
    for config in ALL
    if config.retired is None and config.chat_path is not None
    for speaker in (config, *(config.with_api(name) for name in config.apis))
]


def named(config: ProviderConfig) -> str:
    return config.owner.replace("/", "-")


def params(speakers: Iterable[ProviderConfig]) -> list[Any]:
    return [pytest.param(config, id=named(config)) for config in speakers]


LIVE = params(SPEAKERS)
NEED_A_KEY = params(c for c in SPEAKERS if c.key_env and not c.key_optional and not c.credentials)
WORK_WITHOUT = params(c for c in SPEAKERS if (c.key_optional or not c.key_env) and not c.credentials)
KEY_VARIABLES = [pytest.param(c, name, id=f"{named(c)}-{name}") for c in SPEAKERS for name in c.key_env]
URL_VARIABLES = [
    pytest.param(c, name, id=f"{c.id}-{name}") for c in SPEAKERS if c.api is None for name in c.base_url_env
]
MODEL_VARIABLES = [
    pytest.param(c, name, id=f"{c.id}-{name}") for c in SPEAKERS if c.api is None for name in c.model_variables
]
ADD = Tool("add", "Add", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


@pytest.fixture(scope="module")
def provider_server() -> Iterator[Server]:
    """One server for all tests of this file; each starts with an empty record."""
    with Server(json_reply(200, {})) as running:
        yield running


@pytest.fixture
def here(provider_server: Server, request: pytest.FixtureRequest) -> Server:
    """The server, answering "hi" in the dialect of the test's provider."""
    provider_server.requests.clear()
    config = request.node.callspec.params["config"]
    provider_server.script(json_reply(200, samples_of(config).response))
    return provider_server


def samples_of(config: ProviderConfig) -> DialectSamples:
    return SAMPLES[config.dialect]


def path_of(config: ProviderConfig) -> str:
    """Return the path of the provider's base URL."""
    return urlsplit(config.base_url.replace("{", "").replace("}", "")).path


def chat_path_of(config: ProviderConfig, *, stream: bool = False, model: str = "some-model") -> str:
    """Return the path and query that a chat must be sent to."""
    path = config.stream_path if stream and config.stream_path is not None else config.chat_path
    assert path is not None
    path = path.replace("{model}", model).replace("{model_path}", config.model_prefix + model)
    return f"{path}{'&' if '?' in path else '?'}{urlencode(config.query)}" if config.query else path


def client_for(config: ProviderConfig, server: Server, **options: Any) -> AiClient:
    options = {"api_key": KEY, **options}
    return client_of(server, config.id, path=path_of(config), api=config.api, model="some-model", options=options)


def quirk_of(config: ProviderConfig, name: str, default: Any) -> Any:
    """Return one of the dialect's switches; the default where the dialect has no such switch."""
    return getattr(load_dialect(config.dialect).quirks(config.quirks), name, default)


def takes(config: ProviderConfig, **fields: Any) -> bool:
    """Return whether a request with these fields can be encoded for a provider."""
    adapter = ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url="http://x.invalid")
    try:
        adapter.chat_request(ChatCompletionRequest(messages="hi", model="some-model", **fields), stream=False)
    except UnsupportedFeatureError:
        return False
    return True


def everything_sent(server: Server) -> str:
    return "\n".join(f"{r.method} {r.path} {r.headers} {r.body.decode()}" for r in server.requests)


def only_request(server: Server) -> Request:
    (request,) = server.requests
    return request


# --- the request ----------------------------------------------------------------------------------------------------


def text_at(body: Any, place: str) -> Any:
    """Return the text at a path, also when it is the only item of a list of parts."""
    found = value_at(body, place)
    return found[0]["text"] if isinstance(found, list) and len(found) == 1 else found


@pytest.mark.parametrize("config", LIVE)
def test_a_chat_goes_to_the_providers_path_with_its_key_in_one_header(config: ProviderConfig, here: Server) -> None:
    with client_for(config, here) as client:
        answer = client.chat("hi there")

    sent = only_request(here)
    assert (sent.method, sent.path) == ("POST", path_of(config) + chat_path_of(config))
    assert sent.headers[config.key_header.lower()] == config.key_prefix + KEY
    assert everything_sent(here).count(KEY) == 1
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers.items() >= {name.lower(): value for name, value in config.headers.items()}.items()
    assert text_at(sent.json, samples_of(config).text_path) == "hi there"
    assert ("some-model" in (sent.json.get("model"), sent.json.get("version"))) != ("some-model" in sent.path)
    assert (answer.text, answer.provider, answer.finish_reason) == ("hi", config.id, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (1, 2, 3)
    assert answer.adjustments == ()


@pytest.mark.parametrize("config", params(c for c in SPEAKERS if c.streaming != "emulated"))
def test_a_stream_is_requested_as_the_provider_expects(config: ProviderConfig, here: Server) -> None:
    wire = samples_of(config)
    here.script(*wire.stream)

    with client_for(config, here) as client:
        stream = client.stream("hi")
        texts = [chunk.text for chunk in stream if chunk.text]

    sent = here.requests[0]
    assert "".join(texts) == "Hello"
    assert (stream.response.text, stream.response.finish_reason) == ("Hello", "stop")
    assert sent.path == path_of(config) + chat_path_of(config, stream=True)
    assert wire.asks_for_stream(sent.json) if wire.asks_for_stream is not None else config.stream_path is not None
    if config.dialect == "openai_chat":
        wants_usage = quirk_of(config, "stream_usage", default=None)
        assert sent.json.get("stream_options") == ({"include_usage": True} if wants_usage else None)
    if len(here.requests) == 1:
        assert stream.response.usage.total_tokens == 3
        assert sent.headers["accept"] != "application/json"


@pytest.mark.parametrize("config", params(c for c in SPEAKERS if c.streaming != "emulated"))
def test_a_stream_that_ends_early_raises_with_the_partial_answer(config: ProviderConfig, here: Server) -> None:
    here.script(*samples_of(config).cut_stream)

    with client_for(config, here) as client, pytest.raises(StreamInterruptedError) as caught:
        list(client.stream("hi"))

    assert caught.value.partial is not None
    assert caught.value.partial.text == "He"
    assert (caught.value.provider, caught.value.model) == (config.id, "some-model")


@pytest.mark.parametrize("config", LIVE)
def test_max_tokens_is_sent_under_the_providers_name_only(config: ProviderConfig, here: Server) -> None:
    renamed = quirk_of(config, "rename", {}).get("max_tokens", samples_of(config).max_tokens_path)

    with client_for(config, here) as client:
        client.chat("hi", max_tokens=7)

    assert value_at(only_request(here).json, renamed) == 7
    assert only_request(here).body.decode().count(":7") == 1


@pytest.mark.parametrize("config", params(c for c in SPEAKERS if takes(c, tools=[ADD])))
def test_a_tool_can_be_called(config: ProviderConfig, here: Server) -> None:
    wire = samples_of(config)
    here.script(json_reply(200, wire.tool_call), *(wire.tool_call_stream if config.streaming == "native" else ()))

    with client_for(config, here) as client:
        answer = client.chat("1+1?", tools=[ADD])
        streamed = client.stream("1+1?", tools=[ADD]).final_response()

    for found in (answer, streamed):
        assert [(call.name, call.arguments) for call in found.tool_calls] == [("add", {"a": 1})]
        assert found.tool_calls[0].id
    # A provider's own word stands, where it has one; Ollama says "stop".
    assert answer.finish_reason == streamed.finish_reason
    assert value_at(here.requests[0].json, wire.tool_name_path) == "add"
    assert len(here.requests) == 2


@pytest.mark.parametrize("config", params(c for c in SPEAKERS if takes(c, tools=[ADD])))
def test_a_result_goes_back_with_the_call(config: ProviderConfig, here: Server) -> None:
    here.script(json_reply(200, samples_of(config).tool_call), json_reply(200, samples_of(config).response))

    with client_for(config, here) as client:
        with_call = client.chat("1+1?", tools=[ADD])
        result = Message.tool(with_call.tool_calls[0].id, "two-is-the-result")
        answer = client.chat([Message.user("1+1?"), with_call.message, result], tools=[ADD])

    sent = here.requests[1].body.decode()
    assert answer.text == "hi"
    assert "two-is-the-result" in sent
    assert sent.count('"add"') >= 2


@pytest.mark.parametrize("config", params(c for c in SPEAKERS if c.models_path is not None))
def test_the_models_can_be_listed(config: ProviderConfig, here: Server) -> None:
    here.script(json_reply(200, samples_of(config).model_list))

    with client_for(config, here) as client:
        models = client.list_models()

    assert [(model.id.rpartition("/")[2], model.provider) for model in models] == [("m1", config.id)]
    assert only_request(here).method == "GET"
    assert only_request(here).path.partition("?")[0].endswith(str(config.models_path).partition("?")[0])
    assert everything_sent(here).count(KEY) == 1


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", NEED_A_KEY)
def test_a_rejected_key_is_an_authentication_error_that_names_the_variables(
    config: ProviderConfig, here: Server
) -> None:
    here.script(json_reply(401, samples_of(config).error_body(401, f"bad key {KEY}")))

    with client_for(config, here) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("hi")

    error = caught.value
    assert (error.provider, error.model, error.status) == (config.id, "some-model", 401)
    assert all(name in error.hint for name in config.key_env)
    assert KEY not in str(error)
    assert len(here.requests) == 1


@pytest.mark.parametrize("config", LIVE)
def test_too_many_requests_is_a_rate_limit_with_the_wait(config: ProviderConfig, here: Server) -> None:
    here.script(json_reply(429, samples_of(config).error_body(429, "slow down"), {"retry-after": "17"}))

    with client_for(config, here) as client, pytest.raises(RateLimitError) as caught:
        client.chat("hi")

    assert (caught.value.retry_after, caught.value.retryable, caught.value.provider) == (17.0, True, config.id)


@pytest.mark.parametrize("config", NEED_A_KEY)
def test_a_missing_key_is_an_error_that_names_its_variables(config: ProviderConfig, here: Server) -> None:
    with pytest.raises(MissingKeyError) as caught:
        client_for(config, here, api_key=None)

    assert all(name in str(caught.value) for name in config.key_env)
    assert caught.value.provider == config.id
    assert here.requests == []


@pytest.mark.parametrize("config", WORK_WITHOUT)
def test_a_provider_that_needs_no_key_gets_no_key_header(config: ProviderConfig, here: Server) -> None:
    with client_for(config, here, api_key=None) as client:
        client.chat("hi")

    assert config.key_header.lower() not in only_request(here).headers


# --- the environment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("config", "variable"), KEY_VARIABLES)
def test_a_key_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"  {KEY}\n")

    with client_for(config, here, api_key=None) as client:
        client.chat("hi")

    assert only_request(here).headers[config.key_header.lower()] == config.key_prefix + KEY


@pytest.mark.parametrize(("config", "variable"), URL_VARIABLES)
def test_a_base_url_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"{here.url}/own/")

    with client_for(config, here, base_url=None) as client:
        client.chat("hi")

    assert only_request(here).path == f"/own{chat_path_of(config)}"


@pytest.mark.parametrize(("config", "variable"), [p for p in URL_VARIABLES if p.values[0].base_url_env_is_host])
def test_a_variable_that_holds_a_host_gets_the_providers_path(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gap in config.url_fields:
        for name in config.url_env.get(gap, ()):
            monkeypatch.setenv(name, gap)
    monkeypatch.setenv(variable, here.url)

    with client_for(config, here, base_url=None) as client:
        client.chat("hi")

    assert only_request(here).path == path_of(config) + chat_path_of(config)


@pytest.mark.parametrize(("config", "variable"), MODEL_VARIABLES)
def test_a_model_variable_is_obeyed(
    config: ProviderConfig, variable: str, here: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "model-of-mine")
    options = ConnectionOptions(base_url=here.url, api_key=KEY)

    with AiClient(config.id, options=options) as client:
        client.chat("hi")

    assert only_request(here).json.get("model") == "model-of-mine" or "/model-of-mine" in only_request(here).path


@pytest.mark.parametrize("config", LIVE)
def test_the_variable_named_after_the_provider_sets_its_model(config: ProviderConfig) -> None:
    assert f"{config.id.upper()}_MODEL" in config.model_variables


@pytest.mark.parametrize("config", [param for param in LIVE if param.values[0].default_model is None])
def test_without_a_default_model_the_error_says_how_to_set_one(config: ProviderConfig, here: Server) -> None:
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
    wire = samples_of(config)
    streams = wire.stream if config.streaming == "native" else ()
    here.script(json_reply(200, wire.response), *streams)

    own = {} if config.key_env or not config.credentials else {"token": lambda: KEY}
    with client_for(config, here, api_key=None, **own) as client:
        client.chat("hi")
        list(client.stream("hi"))

    assert len(here.requests) == 1 + max(1, len(streams))
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
    assert [get_config(alias).id for config in ALL if not config.retired for alias in config.aliases] == [
        config.id for config in ALL if not config.retired for _ in config.aliases
    ]


@pytest.mark.parametrize("config", [pytest.param(config, id=config.id) for config in ALL if config.retired])
def test_a_discontinued_provider_is_an_error(config: ProviderConfig) -> None:
    with pytest.raises(ConfigurationError, match=f"ended its service on {config.retired}") as caught:
        AiClient(config.id)

    assert caught.value.code == "provider_retired"


REQUEST_FIELDS = frozenset(attrs.fields_dict(ChatCompletionRequest))


@pytest.mark.parametrize("config", LIVE)
def test_the_switches_of_a_configuration_name_things_that_exist(config: ProviderConfig) -> None:
    rejects = quirk_of(config, "rejects", ())
    named = {field for fields in rejects.values() for field in fields} if isinstance(rejects, dict) else set(rejects)
    assert named <= REQUEST_FIELDS | {"name", "strict", "refusal", "cache"}
    assert set(quirk_of(config, "rename", ())) <= REQUEST_FIELDS
    assert set(quirk_of(config, "media", ())) <= {"image", "audio", "document"}
    assert set(config.errors.values()) <= set(ERROR_KINDS)


@pytest.mark.parametrize("config", [pytest.param(config, id=config.id) for config in ALL])
def test_every_other_operation_has_a_format(config: ProviderConfig) -> None:
    for kind in ("embed", "rerank", "count_tokens"):
        endpoint = getattr(config, kind)
        assert endpoint is None or load_operation(kind, endpoint.format).quirks(endpoint.options) is not None


@pytest.mark.parametrize("config", LIVE)
def test_a_provider_elsewhere_is_reached_over_tls(config: ProviderConfig) -> None:
    url = urlsplit(config.base_url)

    assert url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1") or config.transport == "embedded"
