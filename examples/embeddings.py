"""Find the passage that is nearest to a question. Needs the key of a provider that embeds, such as OPENAI_API_KEY."""

import math

from ai_lib import AiClient

PASSAGES = [
    "The ferry to the island leaves at noon and at six in the evening.",
    "Bread is baked every morning except on Sundays.",
    "The lighthouse was automated two years ago; it has been empty since.",
]


def cosine_similarity(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    product = sum(a * b for a, b in zip(left, right, strict=True))
    return product / (math.hypot(*left) * math.hypot(*right))


def main(client: AiClient, question: str = "When can I cross over?") -> None:
    print(f"{client.count_tokens(question).tokens} tokens")
    query, *passages = client.embed([question, *PASSAGES]).vectors
    best = max(range(len(PASSAGES)), key=lambda number: cosine_similarity(query, passages[number]))
    print(PASSAGES[best])


if __name__ == "__main__":
    with AiClient("openai") as client:
        main(client)
