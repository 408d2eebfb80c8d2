"""A handler that answers whatever is asked in the form that was asked for: for examples and documentation."""

from __future__ import annotations

from typing import Any

from tests.server import Connection, completion, json_reply, sse_reply, stream_events

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


def obliging(connection: Connection) -> None:
    """Answer a chat, a stream, a request with tools, one for an object or for vectors; and the list of models."""
    request = connection.read_request()
    if request.method == "GET":
        json_reply(200, {"data": [{"id": "small"}, {"id": "large"}]})(connection)
        return
    body = request.json
    if request.path.endswith("/embeddings"):
        rows = [{"index": index, "embedding": [len(text), text.count(" ")]} for index, text in enumerate(body["input"])]
        json_reply(200, {"data": rows, "usage": {"prompt_tokens": 9, "total_tokens": 9}})(connection)
    elif body.get("stream"):
        sse_reply(stream_events("Once ", "upon ", "a time."))(connection)
    else:
        json_reply(200, _answer(body))(connection)


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("tools") and body["messages"][-1]["role"] != "tool":
        message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        return completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    if body.get("response_format"):
        return completion('{"name": "Oslo", "inhabitants": 720000}')
    return completion("Hi!")
