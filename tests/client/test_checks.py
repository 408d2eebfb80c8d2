"""Settings and fields that a client rejects before anything is sent, with an error that says what to do."""

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    Interceptor,
    InvalidRequestError,
    ModelArray,
    ResilienceConfig,
    RetryPolicy,
)
from ai_lib.testing import FakeClock, ScriptedTransport


@pytest.fixture
def transport():
    return ScriptedTransport(then="hi")


@pytest.fixture
def client(transport):
    return AiClient("openai", options=ConnectionOptions(api_key="key"), transport=transport)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"options": {"api_key": "k"}}, "options must be a ConnectionOptions, not dict"),
        ({"model": 5}, "model must be a str, not int"),
        ({"clock": 5}, "clock must be a Clock, not int"),
        ({"clock": FakeClock()}, r"clock must be a Clock, not FakeClock; pass its clock\(\)"),
        ({"resilience": RetryPolicy()}, "resilience must be a ResilienceConfig, not RetryPolicy"),
        ({"catalogue": {}}, "catalogue must be a Catalogue, not dict"),
        ({"listener": 5}, "listener must be a function"),
        ({"interceptors": Interceptor()}, "interceptors must be a list"),
        ({"interceptors": [5]}, "int is not an Interceptor; subclass ai_lib.Interceptor"),
        ({"on_unsupported": "ignore"}, "on_unsupported must be one of raise, warn, drop, got 'ignore'"),
        ({"metrics": [object()]}, "metrics requires an object with call_started"),
    ],
)
def test_a_setting_of_the_wrong_type_is_rejected(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        AiClient("openai", **{"options": ConnectionOptions(api_key="key"), **settings})


def test_an_array_and_another_route_are_rejected_together():
    array = ModelArray("one").add_endpoint(name="a", url="http://a.test/v1", model="m")

    with pytest.raises(ConfigurationError, match="pass a ModelArray as provider or as route, not both"):
        AiClient(array, route=FallbackChain(["groq/m"]))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("headers", 5),
        ("headers", [("a", "b")]),
        ("api_key", b"key"),
        ("base_url", 5),
        ("proxy", 5),
        ("verify", None),
        ("verify", 0),
        ("cert", 5),
    ],
)
def test_an_option_of_the_wrong_type_is_rejected(option, value):
    with pytest.raises(ConfigurationError, match=f"^{option} must be "):
        ConnectionOptions(**{option: value})


def test_a_path_may_be_one(tmp_path):
    file = tmp_path / "ca.pem"

    options = ConnectionOptions(verify=file, cert=file)

    assert (options.verify, options.cert) == (str(file), str(file))


def test_with_options_rejects_what_are_not_options(client):
    with pytest.raises(ConfigurationError, match="options must be ConnectionOptions, not int"):
        client.with_options(5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tags": 5}, "tags must be a string or a list of strings, got 5"),
        ({"tags": ["a", 5]}, r"tags must be a string or a list of strings, got \['a', 5\]"),
        ({"budget": 5}, r"budget must be a Budget, not int; make one with Budget\(usd\)"),
        ({"on_unsupported": "ignore"}, "on_unsupported must be one of"),
        ({"model": 5}, "model must be a string, not int"),
        ({"tools": 5}, r"tools must be a sequence of tools, not int; pass \[tool\]"),
        ({"stop": 5}, "stop must be a string or a list of strings"),
        ({"extensions": 5}, "extensions must be a mapping such as a dict, got 5"),
        ({"metadata": 5}, "metadata must be a mapping"),
        ({"logit_bias": [5]}, "logit_bias must be a mapping"),
    ],
)
@pytest.mark.parametrize("operation", ["chat", "stream"])
def test_a_field_of_the_wrong_type_is_rejected(client, transport, operation, fields, message):
    with pytest.raises(AiLibError, match=message):
        getattr(client, operation)("hi", **fields)

    assert transport.requests == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_repairs": -1, "response_format": dict}, "max_repairs must be an integer >= 0, got -1"),
        ({"max_repairs": "2", "response_format": dict}, "max_repairs must be an integer >= 0, got '2'"),
        ({"max_repairs": 2}, "max_repairs requires response_format"),
    ],
)
def test_invalid_repairs_are_rejected(client, transport, fields, message):
    with pytest.raises(InvalidRequestError, match=message):
        client.chat("hi", **fields)

    assert transport.requests == []


@pytest.mark.parametrize(
    ("given", "fields", "message"),
    [
        ("one prompt", {}, "a batch takes a sequence of prompts, not a single str"),
        ({"messages": "one"}, {}, "a batch takes a sequence of prompts, not a single dict"),
        (5, {}, "a batch takes a sequence of prompts, not a single int"),
        (["hi"], {"temprature": 1}, "a request has no field 'temprature'; did you mean 'temperature'"),
        (["hi"], {"timeout": "5"}, "timeout must be seconds or a Timeout"),
        (["hi"], {"tags": 5}, "tags must be a string or a list of strings"),
        (["hi"], {"on_unsupported": "ignore"}, "on_unsupported must be one of"),
    ],
)
@pytest.mark.parametrize("operation", ["batch", "map"])
def test_a_batch_rejects_settings_that_no_request_could_be_sent_with(
    client, transport, operation, given, fields, message
):
    with pytest.raises(AiLibError, match=message):
        getattr(client, operation)(given, **fields)

    assert transport.requests == []


def test_run_tools_rejects_what_is_not_a_tool(client):
    with pytest.raises(InvalidRequestError, match="tools must be a sequence of tools, not int"):
        client.run_tools("hi", 5)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"capabilities": "vison"}, "no known model has the capability 'vison'; known: .*vision"),
        ({"modalities": ["smell"]}, "no known model has the modality 'smell'; known: audio"),
        ({"mode": "talk"}, "no known model has the mode 'talk'; known: chat"),
    ],
)
def test_an_unknown_capability_in_a_search_is_an_error(client, wanted, message):
    with pytest.raises(InvalidRequestError, match=message):
        client.catalogue.find(**wanted)


def test_a_capability_may_be_a_single_string(client):
    found = client.catalogue.find(capabilities="vision")

    assert found == client.catalogue.find(capabilities=["vision"]) != []


def test_a_model_name_must_be_a_string(client):
    with pytest.raises(InvalidRequestError, match="model must be a string, not NoneType"):
        client.catalogue.get(None)


def test_a_bare_model_name_means_the_vendors_model(client):
    assert client.catalogue.get("gpt-4o").provider == "openai"


def test_a_valid_configuration_is_accepted(transport):
    settings = {"resilience": ResilienceConfig.none(), "interceptors": [Interceptor()], "listener": print}
    client = AiClient("openai", options=ConnectionOptions(api_key="key"), transport=transport, **settings)

    assert client.chat("hi", tags=("a", "b"), on_unsupported="drop").text == "hi"
