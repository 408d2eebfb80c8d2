"""Let the model call a function. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient, Message, tool


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It rains in {city}."


def main(client: AiClient) -> None:
    question = Message.user("What is the weather in Paris?")
    asked = client.chat([question], tools=[weather], max_tokens=200)
    results = [Message.tool(call.id, weather(**call.arguments)) for call in asked.tool_calls]
    print([f"{call.name}({call.arguments_json})" for call in asked.tool_calls])
    if results:
        print(client.chat([question, asked.message, *results], tools=[weather], max_tokens=200).text)


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
