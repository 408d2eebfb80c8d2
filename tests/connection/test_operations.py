"""Operations other than chat, as a server sees them."""

import json
import warnings

import pytest

from ai_lib import (
    AiClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionOptions,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderConfig,
    RequestTimeoutError,
    Tool,
    UnsupportedFeatureError,
    Usage,
)
from ai_lib.errors import InvalidResponseError, OverloadedError
from ai_lib.providers.registry import configs
from ai_lib.types import TokenCount
from tests.support.clients import client_of
from tests.support.server import Server, completion, json_reply

EMBED = {"format": "openai", "path": "/embeddings", "model": "embedder"}
RERANK = {"format": "jina", "path": "/rerank", "model": "ranker"}
OPTIONS = ConnectionOptions(api_key="key-1", max_retries=0)


def operations_client(server, *, options=OPTIONS, model=None, api=None, **fields):
    """Return a client of a gateway that embeds and reranks; `fields` are those of its configuration."""
    config = {"embed": EMBED, "rerank": RERANK, "default_model": "chatter", "key_env": "GW_KEY", **fields}
    return client_of(server, config=config, options=options, model=model, api=api, resilience=None)


def embedding(connection):
    """Answer with one vector for each string: its length."""
    inputs = connection.read_request().json["input"]
    rows = [{"index": index, "embedding": [float(len(text)), 1.0]} for index, text in enumerate(inputs)]
    usage = {"prompt_tokens": len(inputs), "total_tokens": len(inputs)}
    payload = {"data": rows[::-1], "model": "embedder-1", "usage": usage}
    json_reply(200, payload, {"x-request-id": f"r{len(inputs)}"})(connection)


def ranking(*results):
    rows = [{"index": index, "relevance_score": score} for index, score in results]
    return json_reply(200, {"results": rows, "usage": {"total_tokens": 9}}, {"x-request-id": "r-1"})


# --- embeddings


def test_strings_become_vectors(server):
    server.script(embedding)

    answer = operations_client(server).embed(["a", "bcd"], dimensions=2, user="u", extensions={"x": 1})

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.headers["authorization"] == "Bearer key-1"
    assert request.json == {
        "model": "embedder", "input": ["a", "bcd"], "encoding_format": "float", "dimensions": 2, "user": "u", "x": 1
    }  # fmt: skip
    assert answer.vectors == ((1.0, 1.0), (3.0, 1.0))
    assert (answer.model, answer.provider, answer.request_id) == ("embedder-1", "gw", "r2")
    assert answer.usage == Usage(prompt_tokens=2, total_tokens=2)
    assert answer.adjustments == ()


def test_a_string_becomes_one_vector(server):
    server.script(embedding)

    assert operations_client(server).embed("hello").vectors == ((5.0, 1.0),)


def test_many_strings_are_embedded_in_several_requests_and_keep_their_order(server):
    server.script(embedding)
    texts = ["x" * size for size in range(1, 8)]

    answer = operations_client(server, embed={**EMBED, "batch": 3}).embed(iter(texts))

    assert [request.json["input"] for request in server.requests] == [texts[:3], texts[3:6], texts[6:]]
    assert [vector[0] for vector in answer.vectors] == [1, 2, 3, 4, 5, 6, 7]
    assert answer.usage == Usage(prompt_tokens=7, total_tokens=7)
    assert len(answer.raw) == 3
    assert answer.request_id == "r3"


def test_usage_is_summed_only_where_every_request_has_it(server):
    counted = {"data": [{"embedding": [1]}], "usage": {"prompt_tokens": 1, "cost": 0.5}}
    server.script(json_reply(200, counted), json_reply(200, {"data": [{"embedding": [1]}]}))

    assert operations_client(server, embed={**EMBED, "batch": 1}).embed(["a", "b"]).usage is None


def test_a_batch_is_tried_again_alone(server):
    server.script(embedding, json_reply(503, {}), embedding)
    client = operations_client(
        server, embed={**EMBED, "batch": 1}, options=ConnectionOptions(api_key="k", max_retries=1)
    )

    answer = client.embed(["a", "bb"])

    assert [request.json["input"] for request in server.requests] == [["a"], ["bb"], ["bb"]]
    assert [vector[0] for vector in answer.vectors] == [1, 2]


def test_all_requests_together_obey_the_timeout(server):
    def slow(connection):
        connection.wait(0.2)
        embedding(connection)

    server.script(slow)

    with pytest.raises(RequestTimeoutError) as caught:
        operations_client(server, embed={**EMBED, "batch": 1}).embed(["a"] * 9, timeout=0.5)

    assert caught.value.code == "total_timeout"
    assert len(server.requests) < 5


def test_a_missing_vector_is_an_error(server):
    server.script(json_reply(200, {"data": [{"index": 0, "embedding": [1]}]}))

    with pytest.raises(InvalidResponseError, match="1 vectors for 2 inputs"):
        operations_client(server).embed(["a", "b"])


def test_an_error_names_provider_and_model(server):
    server.script(json_reply(401, {"error": {"message": "bad key"}}))

    with pytest.raises(AuthenticationError) as caught:
        operations_client(server).embed("a")

    assert (caught.value.provider, caught.value.model, caught.value.status) == ("gw", "embedder", 401)


def test_an_overloaded_service_is_retried_as_the_policy_says(server):
    server.script(json_reply(503, {}, {"retry-after": "0"}))

    with pytest.raises(OverloadedError) as caught:
        operations_client(server, options=ConnectionOptions(api_key="k", max_retries=2)).embed("a")

    assert len(server.requests) == len(caught.value.attempts) == 3


@pytest.mark.parametrize("inputs", ["", [], ["a", ""], [1], None, 5])
def test_embedding_input_that_is_not_a_string_is_rejected(server, inputs):
    with pytest.raises(InvalidRequestError):
        operations_client(server).embed(inputs)

    assert server.requests == []


@pytest.mark.parametrize("field", [{"dimensions": 0}, {"dimensions": 1.5}, {"task": "poetry"}])
def test_an_invalid_field_is_rejected(server, field):
    with pytest.raises(InvalidRequestError):
        operations_client(server).embed("a", **field)

    assert server.requests == []


def test_an_unsupported_task_raises_warns_or_is_dropped(server):
    server.script(embedding)
    client = operations_client(server)

    with pytest.raises(UnsupportedFeatureError, match="task"):
        client.embed("a", task="query")
    assert server.requests == []
    with pytest.warns(UserWarning, match="left out of the request: task") as caught:
        client.embed("a", task="query", on_unsupported="warn")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client.embed("a", task="query", on_unsupported="drop").adjustments[0].startswith("task: ")


@pytest.mark.parametrize(
    ("given", "named", "sent"),
    [
        (None, None, "embedder"),
        ("my-chat-model", None, "embedder"),
        (None, "own", "own"),
        ("my-chat-model", "auto", "embedder"),
    ],
)
def test_the_embedding_model_is_the_argument_or_the_providers_default(server, given, named, sent):
    server.script(embedding)

    operations_client(server, model=given).embed("a", model=named)

    assert server.requests[0].json["model"] == sent


def test_without_a_default_the_clients_model_is_used_and_a_missing_one_is_an_error(server):
    server.script(embedding)
    bare = {"format": "openai", "path": "/embeddings"}

    operations_client(server, embed=bare, model="nomic").embed("a")
    with pytest.raises(ConfigurationError, match="no default model for embeddings; pass model="):
        operations_client(server, embed=bare).embed("a")

    assert [request.json["model"] for request in server.requests] == ["nomic"]


def test_headers_and_addresses_of_the_endpoint_are_used(server):
    server.script(embedding)
    table = {**EMBED, "path": "/models/{model}/embed", "headers": {"x-beta": "1"}}

    operations_client(server, embed=table).embed("a", model="org/e 1")

    assert server.requests[0].path == "/v1/models/org%2Fe%201/embed"
    assert server.requests[0].headers["x-beta"] == "1"


# --- reranking


def test_documents_are_ranked(server):
    server.script(ranking((2, 0.9), (0, 0.1)))

    answer = operations_client(server).rerank("q", (text for text in ("a", "b", "c")), top_n=2)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/rerank")
    assert request.json == {"model": "ranker", "query": "q", "documents": ["a", "b", "c"], "top_n": 2}
    assert request.headers["authorization"] == "Bearer key-1"
    assert [(result.index, result.score) for result in answer.results] == [(2, 0.9), (0, 0.1)]
    assert (answer.provider, answer.request_id, answer.usage.prompt_tokens) == ("gw", "r-1", 9)


@pytest.mark.parametrize("places", [(3,), (-1,), (0, 0)])
def test_a_ranking_of_unknown_documents_is_an_error(server, places):
    server.script(ranking(*((place, 0.5) for place in places)))

    with pytest.raises(InvalidResponseError, match="a ranking of the documents"):
        operations_client(server).rerank("q", ["a", "b", "c"])


@pytest.mark.parametrize(
    ("query", "documents", "top_n"),
    [("", ["a"], None), ("q", [], None), ("q", "abc", None), ("q", [""], None), ("q", ["a"], 0)],
)
def test_an_invalid_rerank_request_is_rejected(server, query, documents, top_n):
    with pytest.raises(InvalidRequestError):
        operations_client(server).rerank(query, documents, top_n=top_n)

    assert server.requests == []


# --- what is not there


@pytest.mark.parametrize(
    ("call", "feature"),
    [
        (lambda client: client.embed("a"), "embeddings"),
        (lambda client: client.rerank("q", ["a"]), "reranking"),
        (lambda client: client.count_tokens("a", exact=True), "an exact count of tokens"),
        (lambda client: client.upload_file(b"x"), "uploads"),
        (lambda client: client.list_models(), "list_models"),
        (lambda client: client.model_info("m"), "list_models"),
    ],
)
def test_an_unsupported_operation_is_an_error_before_anything_is_sent(server, call, feature):
    client = operations_client(server, embed=None, rerank=None, models_path=None)

    with pytest.raises(UnsupportedFeatureError, match=f"gw does not support {feature}") as caught:
        call(client)

    assert caught.value.provider == "gw"
    assert server.requests == []


def test_another_api_at_another_address_has_its_own_operations(server):
    api = {"dialect": "openai_chat", "chat_path": "/chat/completions", "base_url": "https://else.example"}
    same = {"dialect": "openai_chat", "chat_path": "/other"}
    server.script(embedding)

    with pytest.raises(UnsupportedFeatureError, match="the api 'other' has no address for it"):
        operations_client(server, apis={"other": api}, api="other").embed("a")
    assert operations_client(server, apis={"same": same}, api="same").embed("a").vectors


CHATLESS = [config for config in configs() if config.chat_path is None and config.retired is None]


@pytest.mark.parametrize("config", CHATLESS, ids=lambda config: config.id)
@pytest.mark.parametrize("model", [None, "some-model"])
def test_chat_is_unsupported_at_a_provider_without_it(server, config, model):
    client = AiClient(config.id, model=model, options=ConnectionOptions(base_url=server.url, api_key="k"))

    for call in (client.chat, client.stream):
        with pytest.raises(UnsupportedFeatureError, match=f"{config.display_name} does not support chat") as caught:
            call("hi")
        assert caught.value.hint.startswith("Use client.embed() or client.rerank()")
    assert server.requests == []


@pytest.mark.parametrize("config", CHATLESS, ids=lambda config: config.id)
def test_a_provider_without_chat_embeds_and_ranks(server, config):
    client = AiClient(config.id, options=ConnectionOptions(base_url=server.url, api_key="k"))
    server.script(embedding, ranking((0, 1.0)))

    assert client.embed("a", task="query").vectors
    assert client.rerank("q", ["a"], top_n=1).results

    assert [request.path for request in server.requests] == [config.embed.path, config.rerank.path]
    assert [request.json["model"] for request in server.requests] == [config.embed.model, config.rerank.model]


def test_without_chat_the_clients_model_applies_to_the_other_operations(server):
    server.script(embedding)

    AiClient("voyage/voyage-4-lite", options=ConnectionOptions(base_url=server.url, api_key="k")).embed("a")

    assert server.requests[0].json["model"] == "voyage-4-lite"


def test_a_key_of_a_provider_without_chat_does_not_make_it_the_one_to_chat_with(monkeypatch):
    monkeypatch.setenv("VOYAGE_API_KEY", "v")
    monkeypatch.setenv("GROQ_API_KEY", "g")

    assert AiClient().provider == "groq"


OFFERED = [
    pytest.param(config, kind, id=f"{config.id}-{kind}")
    for config in configs()
    if config.retired is None
    for kind in ("embed", "rerank")
    if getattr(config, kind) is not None and getattr(config, kind).format in ("openai", "jina")
]


@pytest.mark.parametrize(("config", "kind"), OFFERED)
def test_every_provider_that_embeds_or_reranks_is_called_at_its_path_with_its_key(server, config, kind):
    server.script(embedding if kind == "embed" else ranking((0, 1.0)))
    client = AiClient(config.id, options=ConnectionOptions(base_url=server.url, api_key="own-key", max_retries=0))

    answer = client.embed("a", model="m") if kind == "embed" else client.rerank("q", ["a"], model="m")

    (request,) = server.requests
    assert request.path.partition("?")[0].endswith(getattr(config, kind).path)
    assert request.headers[config.key_header.lower()] == config.key_prefix + "own-key"
    assert (request.json["model"], answer.provider) == ("m", config.id)


# --- tokens


def test_an_estimate_needs_neither_network_nor_model_nor_key():
    client = AiClient(ProviderConfig("gw", base_url="http://nowhere.invalid/v1"))

    count = client.count_tokens("How many tokens are these?", tools=[Tool("t")])

    assert isinstance(count, TokenCount)
    assert 5 < count.at_least + 5 < count.tokens < count.at_most
    assert not count.exact


def test_an_estimate_accepts_the_fields_of_a_chat_and_rejects_others():
    client = AiClient(ProviderConfig("gw", base_url="http://nowhere.invalid/v1"))

    with pytest.raises(InvalidRequestError, match="did you mean 'temperature'"):
        client.count_tokens("hi", temprature=1)


COUNT = {"format": "anthropic", "path": "/messages/count_tokens"}


def test_an_exact_count_is_the_providers(server):
    server.script(json_reply(200, {"input_tokens": 2095}))

    count = operations_client(server, count_tokens=COUNT).count_tokens(
        "Hello", exact=True, model="big", tools=[Tool("t")]
    )

    (request,) = server.requests
    assert count == TokenCount(2095, 2095, 2095, exact=True)
    assert (request.method, request.path) == ("POST", "/v1/messages/count_tokens")
    assert request.headers["authorization"] == "Bearer key-1"
    assert (request.json["model"], request.json["tools"][0]["name"]) == ("big", "t")


@pytest.mark.parametrize("answer", [{"input_tokens": -1}, {"input_tokens": "many"}, {}, []])
def test_an_invalid_token_count_is_an_error(server, answer):
    server.script(json_reply(200, answer))

    with pytest.raises(InvalidResponseError):
        operations_client(server, count_tokens=COUNT).count_tokens("Hello", exact=True)


def test_an_exact_count_is_not_sent_to_another_dialect(server):
    api = {"dialect": "gemini", "chat_path": "/chat"}
    client = operations_client(server, count_tokens=COUNT, apis={"other": api}, api="other")

    with pytest.raises(UnsupportedFeatureError, match="the api 'other' has no address for it"):
        client.count_tokens("hi", exact=True)


# --- models


MODELS = {"data": [{"id": "gpt-large"}, {"id": "gpt-small", "context_window": 8000}, {"id": "org/tiny"}]}


def test_a_models_entry_is_found(server):
    server.script(json_reply(200, MODELS))

    info = operations_client(server).model_info("gpt-small")

    assert (info.id, info.context_window, info.provider) == ("gpt-small", 8000, "gw")
    assert [(request.method, request.path) for request in server.requests] == [("GET", "/v1/models")]


def test_without_a_name_it_is_the_clients_model(server):
    server.script(json_reply(200, MODELS))

    assert operations_client(server, model="gpt-large").model_info().id == "gpt-large"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gpt-smal", r"Did you mean gpt-small\b"),
        ("tiny", "Did you mean org/tiny"),
        ("zzzzz", r"It lists 3: see client.list_models\(\)"),
    ],
)
def test_an_unlisted_model_is_an_error_with_similar_names(server, name, hint):
    server.script(json_reply(200, MODELS))

    with pytest.raises(ModelNotFoundError, match=hint) as caught:
        operations_client(server).model_info(name)

    assert (caught.value.provider, caught.value.model, caught.value.status) == ("gw", name, None)


# --- the transport


def test_every_operation_uses_a_custom_transport():
    class Echo:
        def post(self, url, body):
            self.url = url
            return json.dumps({"data": [{"embedding": [1]} for _ in json.loads(body)["input"]]}).encode()

    echo = Echo()
    config = ProviderConfig("gw", base_url="https://gw.example/v1", embed=EMBED)

    assert AiClient(config, transport=echo).embed(["a", "b"]).vectors == ((1.0,), (1.0,))
    assert echo.url == "https://gw.example/v1/embeddings"


def test_chat_is_as_before(server: Server):
    server.script(json_reply(200, completion()))

    assert operations_client(server).chat("hi").text == "hi"
