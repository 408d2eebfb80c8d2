"""Spread calls over several endpoints. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient, LoadBalancingStrategy, ModelArray, ModelEndpoint


def main(client: AiClient) -> None:
    array = ModelArray("production").with_strategy(LoadBalancingStrategy.LEAST_CONNECTIONS)
    for name, weight in (("small", 1.0), ("large", 3.0)):
        # In practice: several servers, regions or providers.
        array.add_endpoint(ModelEndpoint(name=name, url=client.base_url, model=client.model, weight=weight))
    with array:
        spread = AiClient(array)
        spread.batch(["Say hi"] * 8, max_workers=4, max_tokens=20)
        for status in array.statuses():
            print(f"{status.name}: {status.calls} calls, {status.success_rate:.0%} ok, {status.latency or 0:.3f} s")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
