"""Share one client between threads. Needs the key of one provider, or the embedded model."""

from concurrent.futures import ThreadPoolExecutor

from ai_lib import AiClient

CITIES = ["Oslo", "Rome", "Lima", "Cairo"]


def main(client: AiClient) -> None:
    def country_of(city: str) -> str:
        return client.chat(f"In which country is {city}?", max_tokens=30).text

    with ThreadPoolExecutor(max_workers=4) as pool:
        for city, answer in zip(CITIES, pool.map(country_of, CITIES), strict=True):
            print(f"{city}: {answer}")


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
