"""Structured answers from a provider that does not support the requested format."""

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

__all__ = ["EmulatedFormat", "emulate_format"]


@attrs.frozen
class EmulatedFormat:
    """Converts the answer to a rewritten request into what a provider with native support would have sent.

    Args:
        note: What was rewritten, for `response.adjustments`.
        parser: Reads the text of the answer.
        by_tool: Whether the answer arrives as the arguments of a tool call.
    """

    note: str
    parser: Callable[[str], Any] | None
    by_tool: bool

    def convert_response(self, response: ChatCompletionResponse) -> ChatCompletionResponse:
        """Return the answer in the requested format."""
        if self.by_tool:
            response = answer_from_tool(response)
        adjustments = (*response.adjustments, self.note)
        if response.trace is not None:
            response.trace.adjustments = adjustments
        return annotate_in_place(response, parser=self.parser, adjustments=adjustments)

    def convert_stream(self, stream: ChatStream) -> ChatStream:
        """Return the stream, its chunks converted to text."""
        stream.adjust(self.note, parser=self.parser)
        if self.by_tool:
            stream.transform(_arguments_as_text)
        return stream


def _arguments_as_text(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
    if not chunk.tool_calls and chunk.finish_reason != "tool_calls":
        return chunk
    text = "".join(delta.arguments_json for delta in chunk.tool_calls)
    reason = "stop" if chunk.finish_reason == "tool_calls" else chunk.finish_reason
    return attrs.evolve(chunk, text=chunk.text + text, tool_calls=(), finish_reason=reason)


def emulate_format(
    request: ChatCompletionRequest, adapter: ProviderAdapter, *, stream: bool
) -> tuple[ChatCompletionRequest, EmulatedFormat | None]:
    """Return the request as its provider supports it, and what converts the answer; None where it is native.

    A JSON Schema is sent natively where the provider supports it; else as a tool that the model must call; else, or
    where the request has tools already, as instructions in the prompt.
    """

    def supported(candidate: ChatCompletionRequest, field: str) -> bool:
        # Encoded to find out: what a provider supports may depend on the model and the other fields.
        _, left_out = adapter.chat_request(candidate, stream=stream, on_unsupported="drop")
        return not any(note.startswith(field) for note in left_out)

    if request.response_format is None or supported(request, "response_format"):
        return request, None
    name, parser = adapter.config.display_name, lenient_parser(request.response_format)
    try:
        by_tool = format_as_tool(request)
    except InvalidRequestError:  # the schema is not that of an object, as a tool's must be
        by_tool = request
    if by_tool is not request and not supported(by_tool, "strict"):
        (tool,) = by_tool.tools or ()
        by_tool = attrs.evolve(by_tool, tools=(attrs.evolve(tool, strict=None),))
    if by_tool is not request and supported(by_tool, "tool"):
        note = f"response_format: sent as the arguments of a tool, since {name} does not support it"
        return by_tool, EmulatedFormat(note, parser, by_tool=True)
    note = f"response_format: described in the prompt, since {name} does not support it"
    prompted = format_as_prompt(request, json_object=True)
    if not supported(prompted, "response_format"):
        prompted = format_as_prompt(request)
    return prompted, EmulatedFormat(note, parser, by_tool=False)
