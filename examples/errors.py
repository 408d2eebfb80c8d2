"""Tell failures apart by what can be done about them. Needs the key of one provider, or the embedded model."""

from ai_lib import AiClient, AiLibError, AuthenticationError, InvalidRequestError, RateLimitError, TransportError


def ask(client: AiClient, prompt: str) -> str:
    try:
        return client.chat(prompt, timeout=30.0).text
    except (AuthenticationError, InvalidRequestError) as error:
        return f"ours to mend: {error}"
    except RateLimitError as error:
        return f"wait {error.retry_after or 'a few'} seconds"
    except TransportError as error:
        return f"did not get through ({error.code}); {error.hint}"
    except AiLibError as error:
        return f"the provider failed: {error} (request {error.request_id})"


def main(client: AiClient) -> None:
    print(ask(client, "Say hi"))
    print(ask(client, ""))


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
