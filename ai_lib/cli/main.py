"""`ai-lib chat`, `ai-lib providers`, `ai-lib models`, `ai-lib local`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ai_lib import __version__
from ai_lib.client.client import AiClient
from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import AiLibError
from ai_lib.providers.registry import configs
from ai_lib.types.content import Audio, Document, Image, Part
from ai_lib.types.message import Message
from ai_lib.types.serialize import to_json
from ai_lib.utils import json
from ai_lib.utils.env import first_set
from ai_lib.utils.files import media_type_of

__all__ = ["main"]


def _prompt(words: str | None) -> str:
    """Return what to ask: the words, what comes on standard input, or both with a blank line between."""
    words = "" if words in (None, "-") else words
    typed_already = words and sys.stdin is not None and sys.stdin.isatty()
    piped = "" if sys.stdin is None or typed_already else sys.stdin.read().strip()
    return "\n\n".join(part for part in (words, piped) if part)


def _attached(path: str) -> Part:
    """Return a file as a part of the message: an image, a recording, or a document."""
    kinds: dict[str, type[Image | Audio | Document]] = {"image": Image, "audio": Audio}
    kind = (media_type_of(b"", path) or "").partition("/")[0]
    return kinds.get(kind, Document).from_file(path)


def _chat(given: argparse.Namespace) -> None:
    messages = [Message.system(given.system)] if given.system else []
    messages.append(Message.user(_prompt(given.prompt), *map(_attached, given.file)))
    fields: dict[str, Any] = {name: getattr(given, name) for name in ("temperature", "max_tokens", "reasoning")}
    with _client(given) as client:
        if given.json:
            print(to_json(client.chat(messages, **fields)).decode())
        elif given.no_stream:
            print(client.chat(messages, **fields).text)
        else:
            _print_stream(client, messages, fields, show_reasoning=given.show_reasoning)


def _print_stream(client: AiClient, messages: list[Message], fields: dict[str, Any], *, show_reasoning: bool) -> None:
    with client.stream(messages, **fields) as stream:
        for chunk in stream:
            if chunk.reasoning and show_reasoning:
                print(chunk.reasoning, end="", file=sys.stderr, flush=True)
            if chunk.text:
                print(chunk.text, end="", flush=True)
    print()


def _client(given: argparse.Namespace) -> AiClient:
    options = ConnectionOptions(timeout=getattr(given, "timeout", None))
    return AiClient(
        given.provider, model=getattr(given, "model", None), api=getattr(given, "api", None), options=options
    )


def _providers(given: argparse.Namespace) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": config.id,
            "name": config.display_name,
            "key": list(config.key_env),
            "key_set": first_set(config.key_env) is not None,
            "default_model": config.default_model,
            "retired": config.retired,
        }
        for config in configs()
    ]
    if given.json:
        print(json.dumps(rows).decode())
        return
    _table(
        ("id", "name", "key", "", "default model"),
        (
            (
                row["id"],
                row["name"],
                (row["key"] or ["-"])[0],
                "set" if row["key_set"] else "",
                f"ended {row['retired']}" if row["retired"] else row["default_model"] or "-",
            )
            for row in rows
        ),
    )


def _models(given: argparse.Namespace) -> None:
    with _client(given) as client:
        models = client.list_models()
    if given.json:
        print(f"[{','.join(to_json(model).decode() for model in models)}]")
        return
    for model in models:
        print(model.id)


def _local(_: argparse.Namespace) -> None:
    from ai_lib.transport.embedded import INSTALL, missing_packages

    missing = missing_packages()
    if missing:
        print(f"The embedded model needs {' and '.join(missing)}. These commands install it:")
        print("\n".join(f"    {command}" for command in INSTALL))
    else:
        print('The embedded model is installed: ai-lib chat "Say hi" --provider local')


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    cells = [head, *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ai-lib", description="Talk to chat models from the terminal.")
    parser.add_argument("--version", action="version", version=f"ai-lib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    chat = command("chat", _chat, "Ask once; the answer streams to the terminal.")
    chat.add_argument("prompt", nargs="?", help="what to ask; '-' or nothing reads standard input, which is added")
    chat.add_argument("-p", "--provider", help="id, alias or provider/model; without it the environment decides")
    chat.add_argument("-m", "--model")
    chat.add_argument("--api", help="another of the provider's chat APIs, such as responses")
    chat.add_argument("-f", "--file", action="append", default=[], help="an image, sound or document to go along")
    chat.add_argument("--reasoning", help="an effort, such as none, low or high")
    chat.add_argument("-s", "--system", help="instructions that stand above the question")
    chat.add_argument("--temperature", type=float)
    chat.add_argument("--max-tokens", type=int)
    chat.add_argument("--timeout", type=float, help="seconds for the whole call")
    chat.add_argument("--no-stream", action="store_true", help="print the answer when it is whole")
    chat.add_argument("--show-reasoning", action="store_true", help="print the model's thinking to standard error")
    chat.add_argument("--json", action="store_true", help="print the whole response as JSON")

    providers = command("providers", _providers, "List the providers, their key variables and default models.")
    providers.add_argument("--json", action="store_true")
    models = command("models", _models, "List the models that a provider offers to your key.")
    models.add_argument("-p", "--provider")
    models.add_argument("--json", action="store_true")
    command("local", _local, "Tell whether the embedded model is installed, and how to install it.")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 for an error, 2 for wrong usage, 130 for Ctrl-C.

    Args:
        argv: The arguments; None means those of the process.
    """
    given = _parser().parse_args(argv)
    try:
        given.run(given)
        sys.stdout.flush()
    except AiLibError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone, as with `| head`; keep Python from complaining when it flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
