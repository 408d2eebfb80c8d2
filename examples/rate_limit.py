"""Share one rate limit between all processes of a machine. Needs GROQ_API_KEY."""

from concurrent.futures import ThreadPoolExecutor

from ai_lib import AiClient, RateLimit, ResilienceConfig
from ai_lib.reliability import ConcurrencyLimit, SqliteStore

RESILIENCE = ResilienceConfig(
    rate_limit=RateLimit.per_minute(30, tokens=6000, store=SqliteStore("limits.db")),
    concurrency=ConcurrencyLimit(4),
)


def main(client: AiClient) -> None:
    cities = ["Oslo", "Lima", "Hanoi", "Accra"]
    with ThreadPoolExecutor(8) as pool:
        for city, answer in zip(cities, pool.map(lambda city: client.chat(f"Where is {city}?"), cities), strict=True):
            print(city, answer.text)


if __name__ == "__main__":
    main(AiClient("groq", resilience=RESILIENCE))
