"""One provider's configuration: what follows from its fields."""

import pytest

from ai_lib import AiClient, ConnectionOptions, ProviderConfig
from ai_lib.providers.registry import configs, get_config


@pytest.mark.parametrize("config", [c for c in configs() if c.transport == "http"], ids=lambda config: config.id)
def test_the_kind_says_whether_data_alone_adapts_the_standard_dialect(config):
    assert config.kind == ("config" if config.dialect == "openai_chat" else "independent")
    assert all(config.with_api(name).kind in ("config", "independent") for name in config.apis)


def test_the_kinds_of_well_known_providers():
    assert [get_config(name).kind for name in ("groq", "deepseek")] == ["config", "config"]
    assert [get_config(name).kind for name in ("anthropic", "gemini", "cohere")] == ["independent"] * 3
    assert get_config("openai").with_api("responses").kind == "independent"
    assert ProviderConfig("gateway", base_url="http://gw").kind == "config"


def test_a_model_variable_may_have_the_prefix_of_any_key_variable():
    assert "GROK_MODEL" in get_config("xai").model_variables
    assert "DASHSCOPE_MODEL" in get_config("qwen").model_variables


def test_a_key_for_another_host_of_the_provider_is_sent_only_to_the_server_that_the_user_named():
    own = AiClient(
        "qwen", options=ConnectionOptions(api_key="k", base_url="https://dashscope.aliyuncs.com/compatible-mode/v1")
    )
    gateway = AiClient("qwen", options=ConnectionOptions(api_key="k", base_url="http://gw.example/qwen"))
    usual = AiClient("qwen", options=ConnectionOptions(api_key="k"))

    urls = [
        client._core.connection.adapter._url(get_config("qwen").rerank.path, None, get_config("qwen").rerank.base_url)
        for client in (usual, own, gateway)
    ]

    assert urls == [
        "https://dashscope-intl.aliyuncs.com/compatible-api/v1/reranks",
        "https://dashscope.aliyuncs.com/compatible-api/v1/reranks",
        "http://gw.example/qwen/compatible-api/v1/reranks",
    ]


def test_the_placeholders_in_another_base_url_get_the_values_of_the_usual_one():
    config = ProviderConfig("aws", base_url="https://runtime.{region}.example.com", url_env={"region": ("R",)})

    assert config.resolve_url("https://runtime.eu-1.example.com", "https://agent.{region}.example.com") == (
        "https://agent.eu-1.example.com"
    )
    assert config.resolve_url("http://localhost:1", "https://agent.{region}.example.com/x") == "http://localhost:1/x"
