"""The subcommands: `ai-lib chat`, `ai-lib providers`, `ai-lib models` and `ai-lib local`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ai_lib import __version__
from ai_lib.client.client import AiClient
from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import AiLibError
from ai_lib.providers.registry import configs
from ai_lib.types.content import Audio, Document, Image
from ai_lib.types.message import Message
from ai_lib.types.serialize import to_json
from ai_lib.utils import json
from ai_lib.utils.env import first_set
from ai_lib.utils.files import media_type_of

__all__ = ["main"]


_PART_TYPES: dict[str, type[Image | Audio | Document]] = {"image": Image, "audio": Audio}


def _chat(args: argparse.Namespace) -> None:
    text = "" if args.prompt in (None, "-") else args.prompt
    # With a prompt on the command line a terminal is not read: the command would wait for Ctrl-D.
    if sys.stdin is not None and not (text and sys.stdin.isatty()):
        text = "\n\n".join(filter(None, [text, sys.stdin.read().strip()]))
    messages = [Message.system(args.system)] if args.system else []
    kinds = [(media_type_of(b"", path) or "").partition("/")[0] for path in args.file]
    parts = [_PART_TYPES.get(kind, Document).from_file(path) for kind, path in zip(kinds, args.file, strict=True)]
    messages.append(Message.user(text, *parts))
    fields: dict[str, Any] = {name: getattr(args, name) for name in ("temperature", "max_tokens", "reasoning")}
    with _client(args) as client:
        if args.json or args.no_stream:
            response = client.chat(messages, **fields)
            print(to_json(response).decode() if args.json else response.text)
            return
        with client.stream(messages, **fields) as stream:
            for chunk in stream:
                if chunk.reasoning and args.show_reasoning:
                    print(chunk.reasoning, end="", file=sys.stderr, flush=True)
                if chunk.text:
                    print(chunk.text, end="", flush=True)
        print()


def _client(args: argparse.Namespace) -> AiClient:
    options = ConnectionOptions(timeout=getattr(args, "timeout", None))
    return AiClient(args.provider, model=getattr(args, "model", None), api=getattr(args, "api", None), options=options)


def _providers(args: argparse.Namespace) -> None:
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
    if args.json:
        print(json.dumps(rows).decode())
        return
    lines = [("ID", "NAME", "KEY", "", "DEFAULT MODEL")]
    for row in rows:
        model = f"retired {row['retired']}" if row["retired"] else row["default_model"] or "-"
        key = row["key"][0] if row["key"] else "-"
        lines.append((row["id"], row["name"], key, "set" if row["key_set"] else "", model))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _models(args: argparse.Namespace) -> None:
    with _client(args) as client:
        models = client.list_models()
    if args.json:
        print(f"[{','.join(to_json(model).decode() for model in models)}]")
        return
    for model in models:
        print(model.id)


def _local(_: argparse.Namespace) -> None:
    from ai_lib.transport.embedded import INSTALL, missing_packages

    missing = missing_packages()
    if missing:
        print(f"The embedded model needs {' and '.join(missing)}. To install it, run:")
        print("\n".join(f"    {command}" for command in INSTALL))
    else:
        print('The embedded model is installed: ai-lib chat "Say hi" --provider local')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ai-lib",
        description="Chat with language models of many providers.",
        epilog="Run 'ai-lib COMMAND --help' for the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"ai-lib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def command(name: str, run: Callable[[argparse.Namespace], None], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        added.set_defaults(run=run)
        return added

    provider_help = "provider id, alias or provider/model (default: from the environment)"
    chat = command("chat", _chat, "send a prompt and print the answer as it arrives")
    chat.add_argument("prompt", nargs="?", help="the prompt; piped standard input is appended, '-' reads only that")
    chat.add_argument("-p", "--provider", help=provider_help)
    chat.add_argument("-m", "--model", help="model name (default: the provider's default model)")
    chat.add_argument("--api", help="another chat API of the provider, such as 'responses'")
    chat.add_argument("-f", "--file", action="append", default=[], help="attach an image, audio file or document")
    chat.add_argument("-s", "--system", metavar="TEXT", help="system prompt")
    chat.add_argument("--reasoning", metavar="EFFORT", help="reasoning effort, such as 'none', 'low' or 'high'")
    chat.add_argument("--temperature", type=float, metavar="NUMBER", help="sampling temperature")
    chat.add_argument("--max-tokens", type=int, metavar="N", help="maximum number of tokens in the answer")
    chat.add_argument("--timeout", type=float, metavar="SECONDS", help="time limit of the whole call")
    chat.add_argument("--no-stream", action="store_true", help="print the answer when it is complete")
    chat.add_argument("--show-reasoning", action="store_true", help="print the model's reasoning to standard error")
    chat.add_argument("--json", action="store_true", help="print the complete response as JSON")

    providers = command("providers", _providers, "list the providers, their key variables and default models")
    providers.add_argument("--json", action="store_true", help="print the list as JSON")
    models = command("models", _models, "list the models that a provider offers for your key")
    models.add_argument("-p", "--provider", help=provider_help)
    models.add_argument("--json", action="store_true", help="print the list as JSON")
    command("local", _local, "show whether the embedded model is installed, and how to install it")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 for an error, 2 for invalid arguments, 130 for Ctrl-C.

    Args:
        argv: The arguments; None uses those of the process.
    """
    args = _parser().parse_args(argv)
    try:
        args.run(args)
        sys.stdout.flush()
    except AiLibError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed the pipe, as `| head` does. Without this, Python reports an error when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
