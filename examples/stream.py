"""Print a story as it arrives. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient


def main(client: AiClient) -> None:
    with client.stream("Tell me a story of three sentences.", max_tokens=200) as stream:
        for chunk in stream:
            print(chunk.text, end="", flush=True)
    print(f"\n{len(stream.response.text)} characters")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
