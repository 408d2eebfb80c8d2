"""Connect to a custom server with an OpenAI-compatible API. Needs its URL and model, and GATEWAY_KEY."""

import sys

from ai_lib import AiClient, ConnectionOptions, ProviderConfig, Timeout


def connect(base_url: str, model: str) -> AiClient:
    config = ProviderConfig("gateway", base_url=base_url, key_env="GATEWAY_KEY", key_optional=True, default_model=model)
    return AiClient(config, options=ConnectionOptions(timeout=Timeout(total=60), max_retries=1))


def main(client: AiClient) -> None:
    print(client.chat("Say hi").text)


if __name__ == "__main__":
    with connect(*sys.argv[1:3]) as client:
        main(client)
