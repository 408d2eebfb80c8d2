"""Sample answers in every wire format, so that every provider can be tested with the same cases.

Each says "hi" with 1 prompt token and 2 completion tokens, or calls the tool `add` with {"a": 1}, as a response and as a
stream. A dialect without an entry here fails the suite.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tests.support.replies import chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events
from tests.support.server import Connection, Handler

__all__ = ["SAMPLES", "DialectSamples", "value_at"]


def _handlers(given: Handler | tuple[Handler, ...]) -> tuple[Handler, ...]:
    return given if isinstance(given, tuple) else (given,)


@attrs.frozen(kw_only=True)
class DialectSamples:
    """What a service that speaks a dialect answers, and where a request has the fields that it reads.

    Args:
        response: A response, "hi".
        tool_call: A response that calls `add` with {"a": 1}.
        stream: Handlers for one request after another, which stream "He", "llo".
        tool_call_stream: Handlers that stream a tool call.
        cut_stream: Handlers of a stream that ends after "He".
        error_body: Makes the body of an error from a status and a message.
        text_path: The path of the user's text in a request, as `value_at` reads it.
        max_tokens_path: The path of the token limit.
        tool_name_path: The path of the name of the first tool.
        asks_for_stream: Returns whether a body requests a stream; None where the URL does.
        model_list: A list with the model "m1".
    """

    response: dict[str, Any]
    tool_call: dict[str, Any]
    stream: tuple[Handler, ...] = attrs.field(converter=_handlers)
    tool_call_stream: tuple[Handler, ...] = attrs.field(converter=_handlers)
    cut_stream: tuple[Handler, ...] = attrs.field(converter=_handlers)
    error_body: Callable[[int, str], Any] = lambda _, message: {"error": {"message": message}}
    text_path: str
    max_tokens_path: str
    tool_name_path: str
    asks_for_stream: Callable[[Mapping[str, Any]], bool] | None = lambda body: body.get("stream") is True
    model_list: Any = attrs.field(factory=lambda: {"data": [{"id": "m1"}]})


def value_at(body: Any, path: str) -> Any:
    """Return the value at a path such as "messages.0.content", or None."""
    for step in path.split("."):
        try:
            body = body[int(step)] if step.lstrip("-").isdigit() else body[step]
        except (LookupError, TypeError):
            return None
    return body


# --- chat completions

CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}


def _calling_choice(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"index": 0, **message, "finish_reason": "tool_calls"}]


OPENAI_CHAT = DialectSamples(
    response=completion(),
    tool_call=completion(
        choices=_calling_choice({"message": {"role": "assistant", "content": None, "tool_calls": [CALL]}})
    ),
    stream=sse_reply(stream_events("He", "llo")),
    tool_call_stream=sse_reply(
        [
            chunk_event(choices=_calling_choice({"delta": {"tool_calls": [{"index": 0, **CALL}]}})),
            chunk_event(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
            "[DONE]",
        ]
    ),
    cut_stream=sse_reply([chunk_event("He")]),
    text_path="messages.-1.content",
    max_tokens_path="max_tokens",
    tool_name_path="tools.0.function.name",
)

# --- Anthropic Messages


def _message(block: dict[str, Any], reason: str) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 2}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [block], "stop_reason": reason,
            "stop_sequence": None, "usage": usage}  # fmt: skip


def _message_events(block: dict[str, Any], deltas: list[dict[str, Any]], reason: str) -> list[dict[str, Any]]:
    start = {
        **_message({}, reason),
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 1, "output_tokens": 0},
    }
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 2},
        },
        {"type": "message_stop"},
    ]


TEXT_DELTAS = [{"type": "text_delta", "text": "He"}, {"type": "text_delta", "text": "llo"}]
TOOL_USE = {"type": "tool_use", "id": "c1", "name": "add", "input": {}}
ANTHROPIC = DialectSamples(
    response=_message({"type": "text", "text": "hi"}, "end_turn"),
    tool_call=_message({**TOOL_USE, "input": {"a": 1}}, "tool_use"),
    stream=sse_reply(_message_events({"type": "text", "text": ""}, TEXT_DELTAS, "end_turn")),
    tool_call_stream=sse_reply(
        _message_events(TOOL_USE, [{"type": "input_json_delta", "partial_json": '{"a":1}'}], "tool_use")
    ),
    cut_stream=sse_reply(_message_events({"type": "text", "text": ""}, TEXT_DELTAS, "end_turn")[:3]),
    error_body=lambda _, message: {"type": "error", "error": {"type": "x", "message": message}},
    text_path="messages.-1.content.0.text",
    max_tokens_path="max_tokens",
    tool_name_path="tools.0.name",
)

# --- Gemini


def _candidates(part: dict[str, Any], *, ended: bool = True) -> dict[str, Any]:
    reason = {"finishReason": "STOP"} if ended else {}
    return {"responseId": "r1", "modelVersion": "m", "candidates": [{"content": {"role": "model", "parts": [part]}, **reason}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}}  # fmt: skip


FUNCTION_CALL = {"functionCall": {"name": "add", "args": {"a": 1}}}
GEMINI = DialectSamples(
    response=_candidates({"text": "hi"}),
    tool_call=_candidates(FUNCTION_CALL),
    stream=sse_reply([_candidates({"text": "He"}, ended=False), _candidates({"text": "llo"})]),
    tool_call_stream=sse_reply([_candidates(FUNCTION_CALL)]),
    cut_stream=sse_reply([_candidates({"text": "He"}, ended=False)]),
    error_body=lambda status, message: {"error": {"code": status, "message": message, "status": "X"}},
    text_path="contents.-1.parts.0.text",
    max_tokens_path="generationConfig.maxOutputTokens",
    tool_name_path="tools.0.functionDeclarations.0.name",
    asks_for_stream=None,
    model_list={"models": [{"name": "models/m1"}]},
)

# --- OpenAI Responses


def _response(item: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": [item],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}  # fmt: skip


def _said(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


FUNCTION_ITEM = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": '{"a":1}'}


def _response_events(item: dict[str, Any], between: list[dict[str, Any]]) -> list[dict[str, Any]]:
    place = {"output_index": 0, "item_id": item["id"]}
    added = {**item, "content": []} if "content" in item else {**item, "arguments": ""}
    return [
        {"type": "response.created", "response": {**_response(item, "in_progress"), "output": [], "usage": None}},
        {"type": "response.output_item.added", "output_index": 0, "item": added},
        *({**event, **place} for event in between),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": _response(item)},
    ]


OUTPUT_DELTAS = [{"type": "response.output_text.delta", "content_index": 0, "delta": text} for text in ("He", "llo")]
RESPONSES = DialectSamples(
    response=_response(_said("hi")),
    tool_call=_response(FUNCTION_ITEM),
    stream=sse_reply(_response_events(_said("Hello"), OUTPUT_DELTAS)),
    tool_call_stream=sse_reply(
        _response_events(FUNCTION_ITEM, [{"type": "response.function_call_arguments.delta", "delta": '{"a":1}'}])
    ),
    cut_stream=sse_reply(_response_events(_said("Hello"), OUTPUT_DELTAS)[:3]),
    text_path="input.-1.content",
    max_tokens_path="max_output_tokens",
    tool_name_path="tools.0.name",
)

# --- Cohere

COHERE_USAGE = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
COHERE_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}


def _cohere(message: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"id": "r1", "message": {"role": "assistant", **message}, "finish_reason": reason, "usage": COHERE_USAGE}


COHERE_START = {"type": "message-start", "id": "r1", "delta": {"message": {"role": "assistant"}}}


def _cohere_end(reason: str) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": COHERE_USAGE}}


COHERE_TEXT = [
    COHERE_START,
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    *(
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}
        for text in ("He", "llo")
    ),
    {"type": "content-end", "index": 0},
    _cohere_end("COMPLETE"),
]
COHERE = DialectSamples(
    response=_cohere({"content": [{"type": "text", "text": "hi"}]}, "COMPLETE"),
    tool_call=_cohere({"tool_calls": [COHERE_CALL]}, "TOOL_CALL"),
    stream=sse_reply(COHERE_TEXT),
    tool_call_stream=sse_reply(
        [
            COHERE_START,
            {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": COHERE_CALL}}},
            {"type": "tool-call-end", "index": 0},
            _cohere_end("TOOL_CALL"),
        ]
    ),
    cut_stream=sse_reply(COHERE_TEXT[:3]),
    error_body=lambda _, message: {"message": message},
    text_path="messages.-1.content",
    max_tokens_path="max_tokens",
    tool_name_path="tools.0.function.name",
    model_list={"models": [{"name": "m1", "endpoints": ["chat"]}]},
)

# --- Bedrock Converse


def _converse(block: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"output": {"message": {"role": "assistant", "content": [block]}}, "stopReason": reason,
            "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}  # fmt: skip


def _frame(kind: str, payload: Any) -> bytes:
    headers = b""
    for name, value in ((":message-type", "event"), (":event-type", kind), (":content-type", "application/json")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    frame = prelude + headers + body
    return frame + struct.pack(">I", zlib.crc32(frame))


def _eventstream_reply(events: list[tuple[str, Any]]) -> Handler:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.head(200, {"content-type": "application/vnd.amazon.eventstream", "transfer-encoding": "chunked"})
        for kind, payload in events:
            connection.chunk(_frame(kind, payload))
        connection.end_chunks()

    return handler


CONVERSE_USAGE = {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}


def _converse_delta(delta: dict[str, Any]) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}


CONVERSE_TEXT = [
    ("messageStart", {"role": "assistant"}),
    _converse_delta({"text": "He"}),
    _converse_delta({"text": "llo"}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", CONVERSE_USAGE),
]
BEDROCK = DialectSamples(
    response=_converse({"text": "hi"}, "end_turn"),
    tool_call=_converse({"toolUse": {"toolUseId": "c1", "name": "add", "input": {"a": 1}}}, "tool_use"),
    stream=_eventstream_reply(CONVERSE_TEXT),
    tool_call_stream=_eventstream_reply(
        [
            ("messageStart", {"role": "assistant"}),
            ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "c1", "name": "add"}}}),
            _converse_delta({"toolUse": {"input": '{"a":1}'}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "tool_use"}),
            ("metadata", CONVERSE_USAGE),
        ]
    ),
    cut_stream=_eventstream_reply(CONVERSE_TEXT[:2]),
    error_body=lambda _, message: {"message": message},
    text_path="messages.-1.content.0.text",
    max_tokens_path="inferenceConfig.maxTokens",
    tool_name_path="toolConfig.tools.0.toolSpec.name",
    asks_for_stream=None,
    model_list={"modelSummaries": [{"modelId": "m1"}]},
)

# --- Ollama


def _ollama(message: dict[str, Any], *, done: bool = True) -> dict[str, Any]:
    end = {"done_reason": "stop", "prompt_eval_count": 1, "eval_count": 2} if done else {}
    return {
        "model": "m",
        "created_at": "2026-11-22T12:00:00Z",
        "message": {"role": "assistant", **message},
        "done": done,
        **end,
    }


def _ndjson_reply(lines: list[Any]) -> Handler:
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: %d\r\n\r\n" % len(body)
    return raw_reply(head + body)


OLLAMA_CALL = {"content": "", "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}]}
OLLAMA = DialectSamples(
    response=_ollama({"content": "hi"}),
    tool_call=_ollama(OLLAMA_CALL),
    stream=_ndjson_reply(
        [_ollama({"content": "He"}, done=False), _ollama({"content": "llo"}, done=False), _ollama({"content": ""})]
    ),
    tool_call_stream=_ndjson_reply([_ollama(OLLAMA_CALL, done=False), _ollama({"content": ""})]),
    cut_stream=_ndjson_reply([_ollama({"content": "He"}, done=False)]),
    error_body=lambda _, message: {"error": message},
    text_path="messages.-1.content",
    max_tokens_path="options.num_predict",
    tool_name_path="tools.0.function.name",
    asks_for_stream=lambda body: body.get("stream") is not False,
    model_list={"models": [{"name": "m1", "model": "m1"}]},
)

# --- Replicate: the answer to the POST has the URL of the stream


def _prediction(**fields: Any) -> dict[str, Any]:
    metrics = {"input_token_count": 1, "output_token_count": 2}
    return {"id": "p1", "model": "m", "status": "succeeded", "output": ["hi"], "metrics": metrics, **fields}


def _address_reply(connection: Connection) -> None:
    """Answer with the address of a stream on the same server."""
    host = connection.read_request().headers["host"]
    body = json.dumps(_prediction(status="processing", output=None, urls={"stream": f"http://{host}/stream"})).encode()
    connection.head(201, {"content-type": "application/json", "content-length": str(len(body))})
    connection.send(body)


def _named_reply(*events: tuple[str, str]) -> Handler:
    body = "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    return raw_reply(head + body)


REPLICATE = DialectSamples(
    response=_prediction(),
    tool_call={},
    stream=(_address_reply, _named_reply(("output", "He"), ("output", "llo"), ("done", "{}"))),
    tool_call_stream=json_reply(500),
    cut_stream=(_address_reply, _named_reply(("output", "He"))),
    error_body=lambda status, message: {"title": "x", "detail": message, "status": status},
    text_path="input.prompt",
    max_tokens_path="input.max_tokens",
    tool_name_path="input.tools",
    model_list={"results": [{"owner": "o", "name": "m1"}]},
)

SAMPLES: dict[str, DialectSamples] = {
    "openai_chat": OPENAI_CHAT,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "openai_responses": RESPONSES,
    "cohere_v2": COHERE,
    "bedrock_converse": BEDROCK,
    "ollama_native": OLLAMA,
    "replicate": REPLICATE,
}
