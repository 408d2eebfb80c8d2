"""Find the passage that is nearest to a question. Needs the key of a provider that embeds, such as OPENAI_API_KEY."""

import math

from ai_lib import AiClient

PASSAGES = [
    "The ferry to the island leaves at noon and at six in the evening.",
    "Bread is baked every morning except on Sundays.",
    "The lighthouse was automated two years ago; nobody lives there now.",
]


def nearness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))


def main(client: AiClient, question: str = "When can I cross over?") -> None:
    print(f"{client.count_tokens(question).tokens} tokens or so")
    query, *passages = client.embed([question, *PASSAGES]).vectors
    best = max(range(len(PASSAGES)), key=lambda number: nearness(query, passages[number]))
    print(PASSAGES[best])


if __name__ == "__main__":
    with AiClient("openai") as client:
        main(client)
