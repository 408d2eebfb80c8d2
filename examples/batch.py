"""Send many requests concurrently, and resume from a checkpoint. Needs the key of one provider in the environment."""

from pathlib import Path
from tempfile import TemporaryDirectory

from ai_lib import AiClient, BatchProgress


def report(progress: BatchProgress) -> None:
    print(f"{progress.done} of {progress.total}, ${progress.cost}")


def main(client: AiClient) -> None:
    words = ["river", "lake", "sea"]
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "run.jsonl"  # keep the file: a second run sends nothing twice
        for _ in range(2):
            result = client.batch(
                [f"Translate into French: {word}" for word in words],
                max_workers=2, progress=report, checkpoint=checkpoint, max_tokens=20,
            )  # fmt: skip
    print(result.texts, f"{result.progress.resumed} of them from the checkpoint")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
