"""Let the model call functions. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient, tool


@tool
def weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: The city's name.
    """
    return f"It rains in {city}."


def main(client: AiClient) -> None:
    answer = client.run_tools("What is the weather in Paris?", [weather], max_rounds=3, max_tokens=200)
    for message in answer.messages:
        print(f"{message.role}: {message.text or [call.name for call in message.tool_calls]}")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
