"""Keep a conversation going. Needs the key of one provider in the environment, or the embedded model."""

from ai_lib import AiClient, Message


def main(client: AiClient) -> None:
    messages = [Message.system("You are a patient teacher."), Message.user("What is a prime number?")]
    for question in ("Give an example.", "And a number that is not prime?"):
        answer = client.chat(messages, max_tokens=100)
        print(f"{answer.text}\n> {question}")
        messages += [answer.message, Message.user(question)]
    print(client.chat(messages, max_tokens=100).text)


if __name__ == "__main__":
    with AiClient() as client:
        main(client)
