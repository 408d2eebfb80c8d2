"""Fall back to another provider when the first one fails. Needs the keys of the providers listed below."""

from ai_lib import AiClient, AiLibError, FallbackChain

CHAIN = FallbackChain().on_rate_limit("openai/gpt-4o-mini").always("local")


def main(client: AiClient) -> None:
    try:
        answer = client.chat("Name three rivers.")
    except AiLibError as error:
        for failure in error.errors or (error,):
            print(failure.provider, failure)
        return
    for attempt in answer.attempts:
        print("failed attempt:", attempt.provider, attempt.error, attempt.decision)
    print(answer.provider, answer.text)


if __name__ == "__main__":
    main(AiClient("groq", route=CHAIN))
