"""See what calls cost, and stop at a budget. Needs the key of one provider in the environment."""

from ai_lib import AiClient, BudgetExceededError


def main(client: AiClient) -> None:
    # Prices for a model that the catalogue does not have, in US dollars per million tokens.
    known = client.catalogue.with_price(f"{client.provider}/{client.model}", input="0.50", output="1.50")
    priced = client.with_options(catalogue=known)

    answer = priced.chat("Say hi", max_tokens=20, tags="greetings")
    print(f"${answer.cost}", answer.cost_breakdown)

    with priced.budget(usd="0.01") as budget:
        try:
            while True:
                priced.chat("Say hi", max_tokens=5000)
        except BudgetExceededError as error:
            print(error)
    print(budget, priced.spending.by_tag)


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
