"""Ask one question. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient


def main(client: AiClient) -> None:
    answer = client.chat("Name the capital of Norway in one word.", temperature=0.2, max_tokens=50)
    print(answer.text)
    print(f"answered by {answer.provider}/{answer.model}")
    print(f"{answer.usage.total_tokens} tokens, finish reason {answer.finish_reason}")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
