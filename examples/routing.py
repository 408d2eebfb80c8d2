"""Choose a model for each request. Needs the key of one provider in the environment, or the embedded model."""

from collections.abc import Sequence

from ai_lib import AiClient, ModelInfo, ModelRouter


class ShortNamesFirst:
    """A custom strategy: any class with this method."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        return min(models, key=lambda model: len(model.id), default=None)


def main(client: AiClient) -> None:
    models = [client.model or "m", "a-model-with-a-longer-name"]
    for strategy in ("round_robin", "cost", ShortNamesFirst()):
        routed = client.with_options(route=ModelRouter(models, strategy=strategy))
        answer = routed.chat("Say hi", max_tokens=20)
        print([step.facts["name"] for step in answer.trace or () if step.kind == "selected"])


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
