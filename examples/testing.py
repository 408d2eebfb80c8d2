"""Test a program that calls a model: scripted answers, and a clock that does not wait. Needs nothing."""

from ai_lib import AiClient, ConnectionOptions, StreamInterruptedError
from ai_lib.testing import FakeClock, ScriptedTransport, cut, error, tool_call


def main(_: AiClient | None = None) -> None:
    script = ScriptedTransport(
        "Hello!",
        tool_call("weather", {"city": "Paris"}),
        error(429, retry_after=60),
        "Hello again!",
        cut(after="Once upon a"),
    )
    time = FakeClock()
    client = AiClient("openai", options=ConnectionOptions(api_key="x"), transport=script, clock=time.clock())

    print(client.chat("Say hello").text)
    print(client.chat("Does it rain in Paris?").tool_calls[0].arguments)
    print(client.chat("Say hello again").text, "after waiting", time.waits)
    try:
        client.stream("Tell me a story").final_response()
    except StreamInterruptedError as failure:
        print("cut off after:", failure.partial.text)
    print([request.prompt for request in script.requests])


if __name__ == "__main__":
    main()
