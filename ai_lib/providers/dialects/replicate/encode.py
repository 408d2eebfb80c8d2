"""A conversation as the inputs of a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.replicate.quirks import Quirks
from ai_lib.providers.reading import match_model, merge_extensions
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode", "headers"]

_INPUTS = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")
_WITHOUT_FORM = (
    "stop",
    "n",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "user",
    "metadata",
)
_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant"}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    inputs = _prompts(request.messages, refuse)
    inputs.update({field: value for field in _INPUTS if (value := getattr(request, field)) is not None})
    if request.max_tokens is not None:
        inputs[match_model(quirks.limit, request.model) or "max_tokens"] = request.max_tokens
    if request.reasoning is not None:
        _put_effort(inputs, request, quirks, refuse)
    _put_images(inputs, request, quirks, refuse)
    for field in _WITHOUT_FORM:
        if getattr(request, field):
            refuse(field, 'models have inputs of their own; where this one has it, pass extensions={"input": {...}}')
    body: dict[str, Any] = {"version": request.model} if quirks.version else {}
    body["input"] = inputs
    if stream:
        body["stream"] = True
    return merge_extensions(body, request.extensions, also=frozenset({"stream"}))


def _prompts(messages: tuple[Message, ...], refuse: Refuse) -> dict[str, Any]:
    """Return the conversation as a system prompt and a prompt; a single message is the prompt as it stands."""
    texts = [(message.role, _text(message, refuse)) for message in messages]
    system = [text for role, text in texts if role is Role.SYSTEM and text]
    turns = [(role, text) for role, text in texts if role in _SPEAKERS]
    if len(turns) == 1 and turns[0][0] is Role.USER:
        prompt = turns[0][1]
    else:
        said = [f"{_SPEAKERS[role]}: {text}" for role, text in turns]
        answer = [] if turns and turns[-1][0] is Role.ASSISTANT else ["Assistant:"]
        prompt = "\n\n".join([*said, *answer])
    return {"prompt": prompt, **({"system_prompt": "\n\n".join(system)} if system else {})}


def _text(message: Message, refuse: Refuse) -> str:
    if message.role is Role.TOOL or message.tool_calls:
        refuse("tools", "calls and their results have no place in a prompt")
    if message.name is not None and message.role is not Role.TOOL:
        refuse("name", "speakers have no names")
    if message.refusal is not None:
        refuse("refusal", "a prompt has no place for it")
    return "".join([part.text for part in message.content if isinstance(part, Text | Json)])


def _put_effort(inputs: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    name = match_model(quirks.efforts, request.model)
    if name and isinstance(request.reasoning, str):
        inputs[name] = request.reasoning
    else:
        refuse("reasoning", f"{request.model} is not known to take it; see its inputs")


def _put_images(inputs: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    name = match_model(quirks.images, request.model) or ""
    images: list[str] = []
    for part in [part for message in request.messages for part in message.content]:
        if part.cache is not None:
            refuse("cache", "the provider has no such marks")
        if isinstance(part, Audio | Document):
            refuse(f"{type(part).__name__.lower()} content", "models have inputs of their own for it")
        elif isinstance(part, Image) and _takes(part, name, images, request.model, refuse):
            images.append(part.data_url)
    if images:
        inputs[name.removesuffix("[]")] = images if name.endswith("[]") else images[0]


def _takes(part: Image, name: str, images: list[str], model: str | None, refuse: Refuse) -> bool:
    if part.detail is not None:
        refuse("image detail", "models have no such input")
    obstacle = (
        ("image content", f"{model} is not known to take images; see its inputs")
        if not name
        else ("image file_id", "images go by address or as bytes")
        if part.file_id is not None
        else ("image content", f"{model} takes one image")
        if images and not name.endswith("[]")
        else None
    )
    if obstacle is not None:
        refuse(*obstacle)
    return obstacle is None


def headers(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Ask to hold the answer back until it is there, at most a minute; a stream's address must come at once."""
    return {} if body.get("stream") else {"Prefer": "wait"}
