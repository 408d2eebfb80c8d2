"""Handle errors by what can be done about them. Needs the key of one provider, or the embedded model."""

from ai_lib import AiClient, AiLibError, AuthenticationError, InvalidRequestError, RateLimitError, TransportError


def answer(client: AiClient, prompt: str) -> str:
    try:
        return client.chat(prompt, timeout=30.0).text
    except (AuthenticationError, InvalidRequestError) as error:
        return f"fix the request or the key: {error}"
    except RateLimitError as error:
        return f"wait {error.retry_after or 'a few'} seconds"
    except TransportError as error:
        return f"the connection failed ({error.code}): {error.hint}"
    except AiLibError as error:
        return f"the provider failed: {error} (request {error.request_id})"


def main(client: AiClient) -> None:
    print(answer(client, "Say hi"))
    print(answer(client, ""))


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
