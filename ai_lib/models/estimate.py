"""Token counts of a whole request, estimated without a request to the provider.

`models.tokens` counts text and states its accuracy. Chat templates add to it: the roles and marks of each message (3 to
6 tokens in ChatML, Llama and OpenAI's templates), a default system prompt where there is none (30 tokens at SmolLM and
Qwen, about 100 in OpenAI's harmony format), and with tools a few hundred tokens of instructions (Anthropic documents
313 to 804 by model). The upper bound has room for all of these.

An image, a recording or a document costs what the model makes of it, which only the provider knows: their bounds are
as far apart as the providers' price lists.

Sources: https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb,
https://github.com/openai/harmony, https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing,
https://platform.openai.com/docs/guides/images-vision#calculating-costs,
https://docs.anthropic.com/en/docs/build-with-claude/vision, https://ai.google.dev/gemini-api/docs/tokens,
https://docs.anthropic.com/en/docs/build-with-claude/pdf-support
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.models.tokens import TokenBounds, estimate_tokens, token_bounds
from ai_lib.types.content import Audio, Image, Media, Part
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.usage import TokenCount, Usage
from ai_lib.utils.json import dumps

__all__ = ["estimate_prompt", "estimate_usage"]

# What templates add to the text.
_PER_REQUEST = TokenBounds(1, 4, 300)
_PER_MESSAGE = TokenBounds(1, 4, 16)
_PER_TOOL_CALL = TokenBounds(1, 12, 40)
_FOR_TOOLS = TokenBounds(0, 60, 1000)
_PER_TOOL = TokenBounds(1, 10, 40)
# Small images cost 4 tokens at Qwen and Gemma; a large detailed one costs 1,100 at most providers, 4,800 at Claude,
# 36,800 at gpt-4o-mini, which counts each token 33 times.
_IMAGE = TokenBounds(1, 1000, 50_000)
_NO_BYTES = TokenBounds(1, 4000, 1_000_000)  # a URL or a file id, which may stand for anything
_PAGE_BYTES, _PAGE_TOKENS = 50_000, 2300  # Claude: 1,500 to 3,000 for the text and as much as an image
_AUDIO_BYTES_PER_TOKEN = 600  # MP3 at 128 kbit/s and 25 tokens a second


def estimate_usage(request: ChatCompletionRequest, messages: Iterable[Message]) -> Usage:
    """Return about how many tokens a request and the messages of its response used."""
    prompt = estimate_prompt(request).tokens
    texts: list[str] = []
    for message in messages:
        texts += [text for text in (message.text, message.reasoning, message.refusal) if text]
        texts += [call.name + call.arguments_json for call in message.tool_calls]
    completion = sum(round(estimate_tokens(text)) for text in texts)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def estimate_prompt(request: ChatCompletionRequest) -> TokenCount:
    """Return how many tokens the prompt of a request has."""
    parts = [_PER_REQUEST]
    for message in request.messages:
        parts += _message_parts(message)
    if request.tools:
        parts.append(_FOR_TOOLS)
    for tool in request.tools or ():
        function = {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters}
        low, estimate, high = _json_bounds({"type": "function", "function": function})
        # OpenAI shows the model a type, which is shorter than the schema.
        parts += [_PER_TOOL, TokenBounds(low / 2, estimate, high)]
    if request.response_format is not None:
        estimate = high = 0.0
        if request.response_format.schema is not None:
            _, estimate, high = _json_bounds(request.response_format.schema)
        # Where the schema only constrains the sampling, the model does not see it.
        parts.append(TokenBounds(0, estimate, high + 100))
    low, estimate, high = (sum(column) for column in zip(*parts, strict=True))
    return TokenCount(round(estimate), int(low), int(high))


def _message_parts(message: Message) -> list[TokenBounds]:
    parts = [_PER_MESSAGE]
    for part in message.content:
        low, estimate, high = _part_bounds(part)
        # Some templates write the result of a tool as a JSON string, in which a character takes up to six.
        parts.append(TokenBounds(low, estimate, 6 * high if message.role is Role.TOOL else high))
    _, estimate, high = token_bounds(message.name or "")
    parts.append(TokenBounds(0, estimate, high))
    # Some templates show these to the model, and some do not.
    hidden = [message.tool_call_id, message.reasoning, message.refusal]
    for call in message.tool_calls:
        low, estimate, high = token_bounds(call.arguments_json)
        # Some templates parse the arguments and write them anew.
        parts += [_PER_TOOL_CALL, token_bounds(call.name), TokenBounds(low / 2, estimate, 6 * high)]
        hidden.append(call.id)
    parts += [TokenBounds(0, 0, token_bounds(text).high) for text in hidden if text]
    return parts


def _json_bounds(value: Any) -> TokenBounds:
    """Return bounds for a JSON value: templates write it with or without spaces, and some escape all but ASCII."""
    try:
        compact = dumps(value).decode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequestError(f"the request contains a value that cannot be represented as JSON: {exc}") from exc
    low, estimate, _ = token_bounds(compact)
    return TokenBounds(low, estimate, len(json.dumps(json.loads(compact), indent=4)))


def _part_bounds(part: Part) -> TokenBounds:
    if not isinstance(part, Media):
        return token_bounds(part.text)
    if isinstance(part, Image):
        return _IMAGE
    if part.data is None:
        return _NO_BYTES
    size = len(part.data)
    if isinstance(part, Audio):
        return TokenBounds(1, 10 + size / _AUDIO_BYTES_PER_TOKEN, 1000 + size / 10)
    if (part.media_type or "").startswith("text/"):
        return token_bounds(part.data.decode("utf-8", "replace"))
    # Compressed text is up to ten times longer than its bytes; each page may be shown as an image as well.
    return TokenBounds(1, _PAGE_TOKENS * (1 + size / _PAGE_BYTES), 50_000 + 10 * size)
