"""Our request as the body of POST /v2/chat.

Source: https://docs.cohere.com/reference/chat
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.cohere_v2.quirks import Quirks
from ai_lib.providers.reading import merge_extensions, owned_data
from ai_lib.types.content import Document, Image, Json, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall

__all__ = ["encode"]

# Fields whose value goes to the wire as it is, and their names there.
_PLAIN = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
}
_REFUSED = {
    "n": "one answer comes for each request",
    "logit_bias": "there is no field for it",
    "top_logprobs": "only the chosen tokens come with their probabilities; pass logprobs alone",
    "user": "there is no field for it",
    "metadata": "there is no field for it",
    "parallel_tool_calls": "the model may always call several tools in one turn",
}
# What asks for what is so anyway.
_ASKS_NOTHING = {"n": 1, "parallel_tool_calls": True}
_TOOL_CHOICES = {"none": "NONE", "required": "REQUIRED"}
# What `reasoning` may say beside the words of `Quirks.efforts`.
_SWITCH = {"none": "disabled", "disabled": "disabled", "enabled": "enabled"}
# Media types of documents that are text beside text/*.
_TEXTS = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})
# Set by some requests only, and never by extensions.
_OURS = frozenset({"stream"})


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    documents: list[dict[str, Any]] = []
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message, documents, context.owner, refuse) for message in request.messages],
    }
    if documents:
        body["documents"] = documents
    _put_fields(body, request, refuse)
    if request.tools:
        _put_tools(body, request, refuse)
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format)
    if request.reasoning is not None:
        _put_reasoning(body, request.reasoning, context.quirks, refuse)
    if stream:
        body["stream"] = True
    return merge_extensions(body, request.extensions, also=_OURS)


def _put_fields(body: dict[str, Any], request: ChatCompletionRequest, refuse: Refuse) -> None:
    for field, name in _PLAIN.items():
        if (value := getattr(request, field)) is not None:
            body[name] = value
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    for field, reason in _REFUSED.items():
        value = getattr(request, field)
        if value is not None and value != _ASKS_NOTHING.get(field):
            refuse(field, reason)


# --- messages -------------------------------------------------------------------------------------------------


def _message(message: Message, documents: list[dict[str, Any]], owner: str, refuse: Refuse) -> dict[str, Any]:
    wire = _MESSAGES[message.role](message, documents, refuse)
    # The plan that the model made; text that the caller put beside the calls stands in its place.
    return {**owned_data(message.provider_data, owner), **wire}


def _system(message: Message, documents: list[dict[str, Any]], refuse: Refuse) -> dict[str, Any]:
    _check(message, refuse)
    return {"role": "system", "content": _content(_texts(message.content, "a system message", refuse), refuse)}


def _user(message: Message, documents: list[dict[str, Any]], refuse: Refuse) -> dict[str, Any]:
    _check(message, refuse)
    documents += [wire for part in message.content if isinstance(part, Document) and (wire := _document(part, refuse))]
    parts = [part for part in message.content if not isinstance(part, Document)]
    return {"role": "user", "content": _content(parts, refuse)}


def _assistant(message: Message, documents: list[dict[str, Any]], refuse: Refuse) -> dict[str, Any]:
    _check(message, refuse)
    parts = _texts(message.content, "an assistant message", refuse)
    if message.refusal is not None:
        parts = [*parts, Text(message.refusal)]
    if not message.tool_calls:
        return {"role": "assistant", "content": _content(parts, refuse)}
    # Text beside calls has a field of its own: https://docs.cohere.com/docs/tool-use-overview
    plan = "".join([part.text for part in parts])
    calls = {"tool_calls": [_tool_call(call) for call in message.tool_calls]}
    return {"role": "assistant", **({"tool_plan": plan} if plan else {}), **calls}


def _tool_result(message: Message, documents: list[dict[str, Any]], refuse: Refuse) -> dict[str, Any]:
    wire: list[dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, Text | Json):
            wire.append({"type": "text", "text": part.text})
        elif not isinstance(part, Document):
            refuse("media in a tool's result", "it must be text or text documents")
        elif (document := _document(part, refuse)) is not None:
            wire.append({"type": "document", "document": document})
        _check_cache(part, refuse)
    alone = wire[0]["text"] if len(wire) == 1 and "text" in wire[0] else ""
    return {"role": "tool", "tool_call_id": message.tool_call_id, "content": wire if wire and not alone else alone}


_MESSAGES: dict[Role, Callable[[Message, list[dict[str, Any]], Refuse], dict[str, Any]]] = {
    Role.SYSTEM: _system,
    Role.USER: _user,
    Role.ASSISTANT: _assistant,
    Role.TOOL: _tool_result,
}


def _check(message: Message, refuse: Refuse) -> None:
    if message.name is not None:
        refuse("name", "messages have no name")
    for part in message.content:
        _check_cache(part, refuse)


def _check_cache(marked: Part | Tool, refuse: Refuse) -> None:
    if marked.cache is not None:
        refuse("cache", "the provider caches by itself")


def _texts(parts: Iterable[Part], where: str, refuse: Refuse) -> list[Text | Json]:
    texts: list[Text | Json] = []
    for part in parts:
        if isinstance(part, Text | Json):
            texts.append(part)
        else:
            refuse(f"{type(part).__name__.lower()} content", f"{where} is text")
    return texts


def _content(parts: Iterable[Part], refuse: Refuse) -> str | list[dict[str, Any]]:
    wire = [item for part in parts if (item := _part(part, refuse)) is not None]
    if not wire:
        return ""
    if len(wire) == 1 and wire[0]["type"] == "text":
        text: str = wire[0]["text"]
        return text
    return wire


def _part(part: Part, refuse: Refuse) -> dict[str, Any] | None:
    if isinstance(part, Text | Json):
        return {"type": "text", "text": part.text}
    if not isinstance(part, Image):
        refuse("audio content", "the provider does not take such parts")
        return None
    if part.file_id is not None:
        refuse("image file_id", "images go by address or as bytes")
        return None
    detail = {"detail": part.detail} if part.detail is not None else {}
    return {"type": "image_url", "image_url": {"url": part.data_url, **detail}}


def _document(part: Document, refuse: Refuse) -> dict[str, Any] | None:
    """Return a text that the answer may cite; its name goes along as the title."""
    if part.data is None:
        refuse("document url" if part.url is not None else "document file_id", "documents go as text")
        return None
    kind = (part.media_type or "").partition(";")[0].strip().lower()
    try:
        text = part.data.decode("utf-8") if kind.startswith("text/") or kind in _TEXTS else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        refuse("document content", f"documents must be text in UTF-8, not {kind}")
        return None
    return {"data": {"text": text, **({"title": part.name} if part.name else {})}}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}


# --- tools, answer format, reasoning ---------------------------------------------------------------------------


def _put_tools(body: dict[str, Any], request: ChatCompletionRequest, refuse: Refuse) -> None:
    choice = request.tool_choice
    tools = [tool for tool in request.tools or () if not isinstance(choice, NamedTool) or tool.name == choice.name]
    body["tools"] = [_tool(tool, refuse) for tool in tools]
    told = {tool.strict for tool in tools if tool.strict is not None}
    if len(told) > 1:
        refuse("strict", "it holds for all tools of a request or for none")
    elif told:
        body["strict_tools"] = told.pop()
    if isinstance(choice, NamedTool):
        body["tool_choice"] = "REQUIRED"  # there is no form for one of several, so only that one is sent
    elif choice in _TOOL_CHOICES:
        body["tool_choice"] = _TOOL_CHOICES[choice]


def _tool(tool: Tool, refuse: Refuse) -> dict[str, Any]:
    _check_cache(tool, refuse)
    about = {"description": tool.description} if tool.description is not None else {}
    return {"type": "function", "function": {"name": tool.name, **about, "parameters": tool.parameters}}


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    # The field is json_schema in the reference and in the vendor's package; older guides say schema. The answer is
    # always held to it: https://docs.cohere.com/docs/structured-outputs
    return {"type": "json_object", **({"json_schema": form.schema} if form.schema is not None else {})}


def _put_reasoning(body: dict[str, Any], reasoning: str | int, quirks: Quirks, refuse: Refuse) -> None:
    budget = reasoning if isinstance(reasoning, int) else quirks.efforts.get(reasoning)
    if budget is not None:
        body["thinking"] = {"type": "enabled", "token_budget": budget} if budget else {"type": "disabled"}
    elif reasoning in _SWITCH:
        body["thinking"] = {"type": _SWITCH[str(reasoning)]}
    else:
        known = ", ".join([*_SWITCH, *quirks.efforts])
        refuse("reasoning", f"the provider knows only {known} or a number of tokens, not {reasoning!r}")
