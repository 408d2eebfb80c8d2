"""Answer chats with a class of your own. Needs the key of one provider, or the embedded model."""

from collections.abc import Iterator

from ai_lib import (
    AiClient,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    FallbackChain,
    Message,
)


class Apologies:
    """What a chain ends with when nobody else answers."""

    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        return ChatCompletionResponse(choices=(Choice(message=Message.assistant("Sorry, try again later.")),))

    def stream(self, request: ChatCompletionRequest) -> Iterator[ChatCompletionChunk]:
        yield ChatCompletionChunk(text="Sorry, try again later.", finish_reason="stop", raw_finish_reason="stop")


def main(client: AiClient) -> None:
    patient = client.with_options(route=FallbackChain().always(Apologies()))
    print(patient.chat("Say hi", max_tokens=20).text)
    for chunk in patient.stream("Tell me a story", max_tokens=50):
        print(chunk.text, end="")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
