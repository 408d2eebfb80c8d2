"""Answer chats with a custom provider, alone or in a chain. Needs the key of one provider, or the embedded model."""

from collections.abc import Iterator

from ai_lib import AiClient, FallbackChain, Message
from ai_lib.api import Call
from ai_lib.types import ChatCompletionChunk, ChatCompletionRequest, ChatCompletionResponse, Choice, ModelInfo


class Apologies:
    """A `ChatProvider` that always gives the same answer."""

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        return ChatCompletionResponse(choices=(Choice(message=Message.assistant("Sorry, try again later.")),))

    def stream(self, request: ChatCompletionRequest, call: Call) -> Iterator[ChatCompletionChunk]:
        yield ChatCompletionChunk(text="Sorry, try again later.", finish_reason="stop", raw_finish_reason="stop")

    def list_models(self, call: Call) -> list[ModelInfo]:
        return []


def main(client: AiClient) -> None:
    print(AiClient(Apologies()).chat("Say hi").text)
    patient = client.with_options(route=FallbackChain().always(Apologies()))
    print(patient.chat("Say hi", max_tokens=20).text)
    for chunk in patient.stream("Tell me a story", max_tokens=50):
        print(chunk.text, end="")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
