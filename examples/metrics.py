"""Count what happens to calls. Needs the key of one provider in the environment, or the embedded model."""

from collections import Counter

from ai_lib import AiClient, InMemoryMetrics, Metrics


class Counts(Metrics):
    """Overrides one method; the others do nothing."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def incr_counter(self, name: str, value: int = 1) -> None:
        self.counted[name] += value


def main(client: AiClient) -> None:
    counts, memory = Counts(), InMemoryMetrics()
    observed = client.with_options(metrics=[counts, memory])
    observed.chat("Say hi", max_tokens=20)
    with observed.stream("Tell me a story", max_tokens=50) as stream:
        next(stream)  # closed before its end: counted as abandoned
    print(dict(counts.counted))
    print(memory.render())


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
