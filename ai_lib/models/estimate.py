"""How many tokens a whole request has, told without asking anyone.

Text is counted by `utils.tokens`, where its accuracy is told. Around it stands what chat templates add: the roles and
marks of each message (3 to 6 tokens in ChatML, Llama and OpenAI's templates), a system prompt of the template's own
where there is none (30 tokens at SmolLM and Qwen, about 100 in OpenAI's harmony format), and with tools a few hundred
tokens of instructions (Anthropic documents 313 to 804 by model). The upper bound has room for all of these.

An image, a recording or a document costs what the model makes of it, which only the provider knows: their bounds are
as wide as the providers' price lists are apart.

Sources: https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb,
https://github.com/openai/harmony, https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing,
https://platform.openai.com/docs/guides/images-vision#calculating-costs,
https://docs.anthropic.com/en/docs/build-with-claude/vision, https://ai.google.dev/gemini-api/docs/tokens,
https://docs.anthropic.com/en/docs/build-with-claude/pdf-support
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ai_lib.errors import InvalidRequestError
from ai_lib.models.tokens import estimate_tokens, token_bounds
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.types.usage import TokenCount, Usage
from ai_lib.utils.json import dumps

__all__ = ["estimate_prompt", "estimate_usage"]

Bounds: TypeAlias = tuple[float, float, float]
"""At least, about, at most."""

_NOTHING: Bounds = (0, 0, 0)
_AROUND_ALL: Bounds = (1, 4, 300)
_AROUND_MESSAGE: Bounds = (1, 4, 16)
_AROUND_CALL: Bounds = (1, 12, 40)
_AROUND_TOOLS: Bounds = (0, 60, 1000)
_AROUND_TOOL: Bounds = (1, 10, 40)
# Qwen and small Gemma images begin at 4; a large one in detail is 1,100 at most providers, 4,800 at Claude, 36,800 at
# gpt-4o-mini, which counts each token 33 times.
_IMAGE: Bounds = (1, 1000, 50_000)
_UNSEEN: Bounds = (1, 4000, 1_000_000)  # what an address or an id stands for
_PAGE_BYTES, _TOKENS_A_PAGE = 50_000, 2300  # Claude: 1,500 to 3,000 for the text and as much as an image
_SOUND_BYTES_A_TOKEN = 600  # MP3 at 128 kbit/s and 25 tokens a second


def estimate_usage(request: ChatCompletionRequest, answers: Iterable[Message]) -> Usage:
    """Return about how many tokens an exchange took, where the provider does not tell.

    Args:
        request: What was asked.
        answers: What was answered.
    """
    prompt = estimate_prompt(request).tokens
    texts = [text for one in answers for text in (one.text, one.reasoning, one.refusal) if text]
    texts += [call.name + call.arguments_json for one in answers for call in one.tool_calls]
    completion = sum(map(estimate_tokens, texts))
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def estimate_prompt(request: ChatCompletionRequest) -> TokenCount:
    """Return how many tokens the prompt of a request has."""
    all_of = [_AROUND_ALL, *map(_message, request.messages)]
    if request.tools:
        all_of += [_AROUND_TOOLS, *map(_tool, request.tools)]
    if request.response_format is not None:
        all_of.append(_format(request.response_format))
    least, about, most = _sum(all_of)
    return TokenCount(round(about), int(least), int(most))


def _sum(parts: Iterable[Bounds]) -> Bounds:
    columns = list(zip(*parts, strict=True)) or [(0,)] * 3
    return sum(columns[0]), sum(columns[1]), sum(columns[2])


def _text(text: str | None) -> Bounds:
    return token_bounds(text) if text else _NOTHING


def _up_to(text: str | None) -> Bounds:
    """Return bounds for what some templates show the model and some do not."""
    return (0, 0, token_bounds(text).most) if text else _NOTHING


def _value(value: Any) -> Bounds:
    """Return bounds for a JSON value: templates write it with or without blanks, and some escape all but ASCII."""
    try:
        compact = dumps(value).decode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequestError(f"the request holds a value without a JSON form: {exc}") from exc
    least, about, _ = token_bounds(compact)
    return least, about, len(json.dumps(json.loads(compact), indent=4))


def _message(message: Message) -> Bounds:
    content = _sum(map(_part, message.content))
    if message.role is Role.TOOL:  # some templates write a result as a JSON text
        content = content[0], content[1], 6 * content[2]
    name = _text(message.name)
    return _sum([
        _AROUND_MESSAGE,
        content,
        (0, name[1], name[2]),
        _up_to(message.tool_call_id),
        _up_to(message.reasoning),
        _up_to(message.refusal),
        *map(_call, message.tool_calls),
    ])  # fmt: skip


def _call(call: ToolCall) -> Bounds:
    arguments = _text(call.arguments_json)
    around = arguments[0] / 2, arguments[1], 6 * arguments[2]  # read and written anew by some templates
    return _sum([_AROUND_CALL, _text(call.name), around, _up_to(call.id)])


def _tool(tool: Tool) -> Bounds:
    told = {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters}
    least, about, most = _value({"type": "function", "function": told})
    return _sum([_AROUND_TOOL, (least / 2, about, most)])  # OpenAI shows the model a type, not the schema


def _format(response_format: ResponseFormat) -> Bounds:
    if response_format.schema is None:
        return 0, 0, 100
    _, about, most = _value(response_format.schema)
    return 0, about, most + 100  # where the schema steers the sampling, the model does not see it


def _part(part: Part) -> Bounds:
    return _PARTS[type(part)](part)


def _image(part: Image) -> Bounds:  # noqa: ARG001 - one signature for all
    return _IMAGE


def _audio(part: Audio) -> Bounds:
    if part.data is None:
        return _UNSEEN
    size = len(part.data)
    return 1, 10 + size / _SOUND_BYTES_A_TOKEN, 1000 + size / 10


def _document(part: Document) -> Bounds:
    if part.data is None:
        return _UNSEEN
    if (part.media_type or "").startswith("text/"):
        return token_bounds(part.data.decode("utf-8", "replace"))
    size = len(part.data)
    # Compressed text is up to ten times longer than its bytes; each page may be shown as an image as well.
    return 1, _TOKENS_A_PAGE * (1 + size / _PAGE_BYTES), 50_000 + 10 * size


_PARTS: dict[type, Callable[[Any], Bounds]] = {
    Text: lambda part: _text(part.text),
    Json: lambda part: _text(part.text),
    Image: _image,
    Audio: _audio,
    Document: _document,
}
