"""Send an image to a model that accepts images. Needs OPENROUTER_API_KEY, and the path or URL of an image."""

import sys

from ai_lib import AiClient, Image, Message

CAT = "https://upload.wikimedia.org/wikipedia/commons/3/3a/Cat03.jpg"


def main(client: AiClient, picture: str = CAT) -> None:
    image = Image.from_url(picture) if picture.startswith("http") else Image.from_file(picture)
    print(client.chat([Message.user("What is in this picture?", image)]).text)


if __name__ == "__main__":
    with AiClient("openrouter") as client:
        main(client, *sys.argv[1:])
