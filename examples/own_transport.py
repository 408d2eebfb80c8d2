"""Send requests with a custom transport: any object with post(url, body) -> bytes. Needs nothing."""

import json

from ai_lib import AiClient, ProviderConfig


class Echo:
    def post(self, url: str, body: bytes) -> bytes:
        prompt = json.loads(body)["messages"][-1]["content"]
        message = {"role": "assistant", "content": f"{url} received: {prompt}"}
        return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()


def main(_: AiClient | None = None) -> None:
    config = ProviderConfig("echo", base_url="https://echo.example/v1", default_model="parrot")
    print(AiClient(config, transport=Echo()).chat("hello").text)


if __name__ == "__main__":
    main()
