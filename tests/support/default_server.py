"""A handler that answers every kind of request: for the examples, the documentation and the command line."""

from __future__ import annotations

from typing import Any

from tests.support.server import Connection, completion, json_reply, sse_reply, stream_events

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


# Answers to POST requests other than chat completions, by the end of the path.
_POSTED: dict[str, Any] = {
    "/messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Hi!"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 2},
    },
    "/responses": {
        "id": "resp_1",
        "status": "completed",
        "model": "m",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi!"}]}],
    },
    "/count_tokens": {"input_tokens": 4},
    "/files": {"id": "file-1", "filename": "notes.txt", "bytes": 5, "purpose": "user_data"},
    "/rerank": {"results": [{"index": 0, "relevance_score": 0.9}, {"index": 1, "relevance_score": 0.1}]},
}


_JOB = {
    "id": "msgbatch_1",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0},
    "results_url": "here",
}
_POSTED["/messages/batches"] = _JOB
_FETCHED: dict[str, Any] = {
    "/results": {"custom_id": "request-0", "result": {"type": "succeeded", "message": _POSTED["/messages"]}},
    "/msgbatch_1": _JOB,
    "/msgbatch_013Zva2CMHLNnXjNJJKqJ2EF": _JOB,
    "": {"data": [{"id": "small"}, {"id": "large"}]},
}


def answer_in_kind(connection: Connection) -> None:
    """Answer a chat, a stream, a request with tools, for an object or for vectors, and the list of models."""
    request = connection.read_request()
    if request.method == "GET":
        json_reply(200, next(answer for path, answer in _FETCHED.items() if request.path.endswith(path)))(connection)
        return
    body = request.json if request.headers["content-type"] == "application/json" else {}
    if request.path.endswith(tuple(_POSTED)):
        json_reply(200, next(answer for path, answer in _POSTED.items() if request.path.endswith(path)))(connection)
    elif request.path.endswith("/embeddings"):
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
