"""A model chosen for each request, as the server sees it."""

import threading
from functools import partial

import pytest

from ai_lib import (
    AiClient,
    Catalogue,
    ConfigurationError,
    ConnectionOptions,
    Image,
    Message,
    ModelInfo,
    ModelRouter,
    ProviderConfig,
    UnsupportedFeatureError,
)
from ai_lib.errors import OverloadedError
from ai_lib.routing import RoutingPolicy
from tests.support.clients import client_of
from tests.support.server import BUSY, Server, completion, json_reply, sse_reply, stream_events

KNOWN = (
    Catalogue()
    .with_models(
        ModelInfo("cheap", "gw", mode="chat", capabilities={"vision": False}, speed="fast", quality="basic"),
        ModelInfo("dear", "gw", mode="chat", capabilities={"vision": True}, speed="slow", quality="excellent"),
    )
    .with_price("gw/cheap", input=1, output=1)
    .with_price("gw/dear", input=10, output=10)
)


priced_client = partial(client_of, catalogue=KNOWN, config={"default_model": "own"})


def requested_models(server):
    return [request.json["model"] for request in server.requests]


def test_a_custom_strategy_decides_which_model_is_called(server):
    class Longest:
        def select_model(self, models):
            return max(models, key=lambda model: len(model.id))

    priced_client(server, route=ModelRouter(["a", "bbb", "cc"], strategy=Longest())).chat("hi")

    assert requested_models(server) == ["bbb"]


def test_a_strategy_that_returns_none_means_the_default_model(server):
    class Undecided:
        def select_model(self, models):
            return None

    priced_client(server, route=ModelRouter(["a", "b"], strategy=Undecided())).chat("hi")

    assert requested_models(server) == ["own"]


@pytest.mark.parametrize("chosen", ["a", ModelInfo("c", "gw"), 5])
def test_a_strategy_that_returns_another_model_is_an_error(server, chosen):
    class Astray:
        def select_model(self, models):
            return chosen

    with pytest.raises(ConfigurationError, match=r"Astray\.select_model must return one of the models it is given"):
        priced_client(server, route=ModelRouter(["a", "b"], strategy=Astray())).chat("hi")

    assert server.requests == []


def test_a_model_that_is_not_allowed_is_never_called(server):
    with pytest.raises(ConfigurationError, match="no model to choose from"):
        priced_client(server, route=ModelRouter(["a", "b"], strategy=RoutingPolicy("cost", allow=["c*"])))

    server.script(BUSY)
    client = priced_client(server, route=ModelRouter(["a", "b"], strategy=RoutingPolicy("cost", allow=["b"])))
    with pytest.raises(OverloadedError):
        client.chat("hi")

    assert set(requested_models(server)) == {"b"}


def test_a_request_that_no_model_can_answer_is_rejected(server):
    image = Message.user("what is it?", Image.from_url("https://x.test/a.png"))

    with pytest.raises(
        UnsupportedFeatureError, match=r"no model of the ModelRouter .* needs \(vision\); it has gw/cheap"
    ):
        priced_client(server, route=ModelRouter(["cheap"])).chat(image)

    assert server.requests == []


def test_a_schema_prefers_models_that_support_it(server):
    wanted = {"type": "object", "properties": {}}
    known = Catalogue(
        ModelInfo(name, "gw", capabilities={"json_schema": name == "strict"}) for name in ("loose", "strict")
    )
    priced_client(server, route=ModelRouter(["loose", "strict"]), catalogue=known).chat("hi", response_format=wanted)
    priced_client(server, route=ModelRouter(["loose"]), catalogue=known).chat("hi", response_format=wanted)

    assert requested_models(server) == ["strict", "loose"]


@pytest.mark.parametrize(
    ("strategy", "models"),
    [("round_robin", ["cheap", "dear", "cheap"]), ("cost", ["cheap"] * 3), ("quality", ["dear"] * 3)],
)
def test_a_preset_decides_which_model_is_called(server, strategy, models):
    client = priced_client(server, route=ModelRouter(["cheap", "dear"], strategy=strategy))

    for _ in range(3):
        client.chat("hi")

    assert requested_models(server) == models


def test_a_model_without_the_capability_is_not_called(server):
    client = priced_client(server, route=ModelRouter(["cheap", "dear"], strategy="cost"))

    client.chat([Message.user("what is this?", Image.from_url("https://x/y.png"))])

    assert requested_models(server) == ["dear"]


def test_the_next_model_is_used_when_the_chosen_one_fails(server):
    server.script(BUSY, json_reply(200, completion("hi")))

    answer = priced_client(server, route=ModelRouter(["cheap", "dear"], strategy="cost")).chat("hi")

    assert requested_models(server) == ["cheap", "dear"]
    assert [step.facts["name"] for step in answer.trace if step.kind == "selected"] == ["gw/cheap", "gw/dear"]


def test_max_tries_limits_the_endpoints_tried(server):
    server.script(BUSY)

    with pytest.raises(OverloadedError):
        priced_client(server, route=ModelRouter(["a", "b", "c"], max_tries=1)).chat("hi")

    assert requested_models(server) == ["a"]


def test_streams_are_routed_as_well(server):
    server.script(BUSY, sse_reply(stream_events("He", "llo")))

    assert priced_client(server, route=ModelRouter(["cheap", "dear"])).stream("hi").final_response().text == "Hello"
    assert requested_models(server) == ["cheap", "dear"]


def test_models_of_other_providers_are_called_there_with_their_own_key(server, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "key-of-groq")
    with Server(json_reply(200, completion("from groq"))) as groq:
        monkeypatch.setenv("GROQ_BASE_URL", groq.url)
        options = ConnectionOptions(api_key="key-of-gw")
        client = priced_client(server, route=ModelRouter(["cheap", "groq/openai/gpt-oss-20b"]), options=options)

        texts = [client.chat("hi").text for _ in range(2)]

    assert texts == ["hi", "from groq"]
    assert (requested_models(groq), groq.requests[0].headers["authorization"]) == (
        ["openai/gpt-oss-20b"],
        "Bearer key-of-groq",
    )


def test_without_a_list_all_capable_chat_models_are_candidates(server):
    seen = []

    class Watching:
        def select_model(self, models):
            seen.extend(model.id for model in models)
            return models[0]

    priced_client(server, route=ModelRouter(strategy=Watching())).chat("hi")
    priced_client(server, route=ModelRouter(strategy=Watching(), capabilities=["vision"])).chat("hi")

    assert seen == ["cheap", "dear", "dear"]


def test_a_policy_learns_from_real_traffic(server):
    failing = threading.Event()
    failing.set()

    def handler(connection):
        model = connection.read_request().json["model"]
        (BUSY if model == "cheap" and failing.is_set() else json_reply(200, completion(model)))(connection)

    server.script(handler)
    client = priced_client(server, route=ModelRouter(["cheap", "dear"], strategy=RoutingPolicy("cost")))

    texts = [client.chat("hi").text for _ in range(20)]

    assert set(texts) == {"dear"}
    assert requested_models(server).count("cheap") < 20
    assert requested_models(server)[-3:] == ["dear"] * 3


def test_running_calls_are_counted_until_they_end(server):
    class Counting:
        def __init__(self):
            self.log = []

        def select_model(self, models):
            return models[0]

        def started(self, model):
            self.log.append(("started", model.id))

        def ended(self, model, error, seconds):
            self.log.append(("ended", model.id, type(error).__name__))

    strategy = Counting()
    server.script(BUSY, sse_reply(stream_events("He", "llo")))

    stream = priced_client(server, route=ModelRouter(["a", "b"], strategy=strategy)).stream("hi")
    during = list(strategy.log)
    stream.final_response()

    assert during == [("started", "a"), ("ended", "a", "OverloadedError"), ("started", "b")]
    assert strategy.log[3:] == [("ended", "b", "NoneType")]


def test_a_router_without_any_model_is_rejected(server):
    with pytest.raises(ConfigurationError, match="no model to choose from"):
        priced_client(server, route=ModelRouter(["cheap"], capabilities=["vision"]))


def test_the_builder_has_a_step_for_it(server):
    config = ProviderConfig("gw", base_url=server.url, default_model="own")

    AiClient.builder(config).with_routing(["a"], strategy="random").build().chat("hi")

    assert requested_models(server) == ["a"]
