"""Get an answer as an object. Needs the key of one provider in the environment, or the embedded model."""

import attrs

from ai_lib import AiClient


@attrs.define
class City:
    name: str
    inhabitants: int


def main(client: AiClient) -> None:
    city: City = client.chat("Which is the largest city of Norway?", response_format=City, max_tokens=200).parsed
    print(f"{city.name} has {city.inhabitants:,} inhabitants")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
