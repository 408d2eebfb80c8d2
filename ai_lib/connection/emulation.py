"""Emulation of a response format that the provider does not support."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.structured.fallback import answer_from_tool, format_as_prompt, format_as_tool, lenient_parser
from ai_lib.types.response import annotate_in_place

if TYPE_CHECKING:
    from ai_lib.exchange import ChatStream
    from ai_lib.providers.adapter import ProviderAdapter
    from ai_lib.types.chunk import ChatCompletionChunk
    from ai_lib.types.request import ChatCompletionRequest
    from ai_lib.types.response import ChatCompletionResponse

__all__ = ["EmulatedFormat", "emulated_format"]


@attrs.frozen
class EmulatedFormat:
    """Makes the answer to a request that was put otherwise look as if it had been asked for natively.

    Args:
        note: What was done, for `response.adjustments`.
        parser: Reads the answer's text.
        by_tool: Whether the answer comes as the arguments of a tool call.
    """

    note: str
    parser: Callable[[str], Any] | None
    by_tool: bool

    def answer(self, response: ChatCompletionResponse) -> ChatCompletionResponse:
        """Return the answer as it was wanted."""
        if self.by_tool:
            response = answer_from_tool(response)
        adjustments = (*response.adjustments, self.note)
        if response.trace is not None:
            response.trace.adjustments = adjustments
        return annotate_in_place(response, parser=self.parser, adjustments=adjustments)

    def stream(self, stream: ChatStream) -> ChatStream:
        """Return the stream, whose chunks become those of a text."""
        stream.adjust(self.note, parser=self.parser)
        if self.by_tool:
            stream.transform(_text_of_call)
        return stream


def _text_of_call(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
    if not chunk.tool_calls and chunk.finish_reason != "tool_calls":
        return chunk
    text = "".join(delta.arguments_json for delta in chunk.tool_calls)
    reason = "stop" if chunk.finish_reason == "tool_calls" else chunk.finish_reason
    return attrs.evolve(chunk, text=chunk.text + text, tool_calls=(), finish_reason=reason)


def emulated_format(
    request: ChatCompletionRequest, adapter: ProviderAdapter, *, stream: bool
) -> tuple[ChatCompletionRequest, EmulatedFormat | None]:
    """Return a request as its provider can be asked it, and what makes the answer fit.

    JSON Schema goes natively where the provider has a form for it; else as a tool that the model must call; else, or
    where the request has tools of its own, as words in the prompt.
    """
    wanted = request.response_format
    if wanted is None or not _refused(adapter, request, "response_format", stream=stream):
        return request, None
    name, parser = adapter.config.display_name, lenient_parser(wanted)
    by_tool = _as_tool(request)
    if by_tool is not None and _refused(adapter, by_tool, "strict", stream=stream):
        (answer,) = by_tool.tools or ()
        by_tool = attrs.evolve(by_tool, tools=(attrs.evolve(answer, strict=None),))
    if by_tool is not None and not _refused(adapter, by_tool, "tool", stream=stream):
        note = f"response_format: asked for as the arguments of a tool, as {name} has no form for it"
        return by_tool, EmulatedFormat(note, parser, by_tool=True)
    note = f"response_format: asked for in the prompt, as {name} has no form for it"
    prompted = format_as_prompt(request, json_object=True)
    if _refused(adapter, prompted, "response_format", stream=stream):
        prompted = format_as_prompt(request)
    return prompted, EmulatedFormat(note, parser, by_tool=False)


def _as_tool(request: ChatCompletionRequest) -> ChatCompletionRequest | None:
    try:
        asked = format_as_tool(request)
    except InvalidRequestError:  # the schema is not that of an object, as a tool's must be
        return None
    return None if asked is request else asked


def _refused(adapter: ProviderAdapter, request: ChatCompletionRequest, field: str, *, stream: bool) -> bool:
    """Return whether the provider has no form for a field of this request: it is encoded to find out."""
    _, left_out = adapter.chat_request(request, stream=stream, on_unsupported="drop")
    return any(note.startswith(field) for note in left_out)
