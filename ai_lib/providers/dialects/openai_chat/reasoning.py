"""Reasoning, both ways: requested as an effort or a budget, sent back, and read as text or from inside <think> tags.

Sources: https://platform.openai.com/docs/guides/reasoning, https://openrouter.ai/docs/use-cases/reasoning-tokens,
https://docs.mistral.ai/api/endpoint/chat (ThinkChunk)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.providers.reading import match_model
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.message import Message

__all__ = [
    "REASONING", "REASONING_FIELDS", "decode_reasoning", "encode_reasoning", "encode_thinking", "split_think_tags",
    "split_think_tags_in_stream",
]  # fmt: skip

REASONING_FIELDS = ("reasoning_content", "reasoning")
"""The fields that hold the model's reasoning as text; where both are present, the first one counts."""

# --- requests

# Words that also make sense where reasoning is only on or off.
_SWITCH = {"none": False, "disabled": False, "enabled": True}


def encode_reasoning(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the fields that request an effort or a budget, in the form that the service has for the model."""
    form = quirks.reasoning
    if not isinstance(form, str):
        form = match_model(form, model) or "effort"
    return REASONING[form](reasoning, model, quirks, refuse)


def _effort(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    efforts = match_model(quirks.efforts, model)
    if isinstance(reasoning, int):
        refuse("reasoning", "the provider accepts an effort such as 'low', not a number of tokens")
    elif efforts is not None and reasoning not in efforts:
        refuse("reasoning", f"{model} supports only {', '.join(efforts)}, not {reasoning!r}")
    else:
        return {"reasoning_effort": reasoning}
    return {}


def _thinking(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    types = match_model(quirks.thinking_types, model) or ()
    budget = quirks.thinking_budget and "enabled" in types
    kind = "disabled" if reasoning == "none" else reasoning
    if isinstance(reasoning, int) and budget:
        return {"thinking": {"type": "enabled", "budget_tokens": reasoning}}
    if kind in types:
        return {"thinking": {"type": kind}}
    if isinstance(reasoning, int):
        refuse("reasoning", f"the provider supports only {', '.join(types)}, not a number of tokens")
    else:
        tokens = " or a number of tokens" if quirks.thinking_budget else ""
        refuse("reasoning", f"the provider supports only {', '.join(('none', *types))}{tokens}, not {reasoning!r}")
    return {}


def _thinking_effort(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if isinstance(reasoning, int) or reasoning in _SWITCH:
        return _thinking(reasoning, model, quirks, refuse)
    return {"thinking": {"type": "enabled"}, "reasoning_effort": reasoning}


def _enable_thinking(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if isinstance(reasoning, int):
        return {"enable_thinking": True, "thinking_budget": reasoning}
    if reasoning in _SWITCH:
        return {"enable_thinking": _SWITCH[reasoning]}
    refuse("reasoning", f"the provider supports only {', '.join(_SWITCH)} or a number of tokens, not {reasoning!r}")
    return {}


def _object(reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if isinstance(reasoning, int):
        return {"reasoning": {"max_tokens": reasoning}}
    if reasoning in ("enabled", "disabled"):
        return {"reasoning": {"enabled": _SWITCH[reasoning]}}
    return {"reasoning": {"effort": reasoning}}  # "none" is an effort at OpenRouter


Encoder: TypeAlias = Callable[[str | int, str | None, Quirks, Refuse], dict[str, Any]]
REASONING: dict[str, Encoder] = {
    "effort": _effort,
    "thinking": _thinking,
    "thinking_effort": _thinking_effort,
    "enable_thinking": _enable_thinking,
    "object": _object,
}
"""The forms of the request, by the name in `Quirks.reasoning`: a field reasoning_effort; an object thinking, with or
without an effort next to it; enable_thinking and thinking_budget; an object reasoning."""


def encode_thinking(
    content: str | list[dict[str, Any]], message: Message, data: Mapping[str, Any]
) -> str | list[dict[str, Any]]:
    """Return an assistant's content with its reasoning in front, as a part; `data` may hold its signature."""
    if not message.reasoning:
        return content
    part: dict[str, Any] = {"type": "thinking", "thinking": [{"type": "text", "text": message.reasoning}]}
    if data.get("signature"):
        part["signature"] = data["signature"]
    rest = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return [{**part, "closed": True}, *rest]


# --- answers


def decode_reasoning(wire: Mapping[str, Any], thinking: str) -> str:
    """Return the reasoning of a message or of a delta; `thinking` is that in the parts of its content."""
    text = next((value for field in REASONING_FIELDS if isinstance(value := wire.get(field), str)), "") + thinking
    details = wire.get("reasoning_details")  # OpenRouter and MiniMax, which repeat there what the field says
    if text or not isinstance(details, list):
        return text
    return "".join([item.get("text") or item.get("summary") or "" for item in details if isinstance(item, Mapping)])


def split_think_tags(text: str) -> tuple[str, str]:
    """Return the reasoning between <think> and </think> at the start of an answer, and the rest."""
    tags = _ThinkTags()
    (reasoning, body), (more_reasoning, more_body) = tags.split(text), tags.flush()
    return reasoning + more_reasoning, body + more_body


def split_think_tags_in_stream(chunks: Iterable[ChatCompletionChunk]) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks with the text between <think> and </think> moved to `reasoning`."""
    choices: dict[int, _ThinkTags] = {}
    for chunk in chunks:
        tags = choices.setdefault(chunk.index, _ThinkTags())
        if chunk.text and tags.state != "text":
            reasoning, text = tags.split(chunk.text)
            yield attrs.evolve(chunk, text=text, reasoning=chunk.reasoning + reasoning)
        else:
            yield chunk
    for index, tags in choices.items():
        reasoning, text = tags.flush()
        if reasoning or text:
            yield ChatCompletionChunk(text=text, reasoning=reasoning, index=index)


_OPEN, _CLOSE = "<think>", "</think>"


@attrs.define
class _ThinkTags:
    """Splits one answer into reasoning and text, wherever its pieces are cut."""

    # "start" before the opening tag, "thinking" inside, "gap" in the white space after the closing tag, "text" where
    # nothing remains to be split
    state: str = "start"
    held: str = ""  # the end of what came that may be part of a tag

    def split(self, piece: str) -> tuple[str, str]:
        """Return the reasoning and the text that are certain after a further piece."""
        held, self.held = self.held + piece, ""
        if self.state == "start":
            body = held.lstrip()
            if body != _OPEN and _OPEN.startswith(body):
                self.held = held
                return "", ""
            if not body.startswith(_OPEN):
                self.state = "text"
                return "", held
            self.state, held = "thinking", body.removeprefix(_OPEN)
        thought, closed, text = held.partition(_CLOSE) if self.state == "thinking" else ("", _CLOSE, held)
        if closed:
            text = text.lstrip()
            self.state = "text" if text else "gap"
            return thought, text
        keep = next((size for size in range(min(len(_CLOSE), len(held)), 0, -1) if _CLOSE.startswith(held[-size:])), 0)
        self.held = held[len(held) - keep :]
        return held[: len(held) - keep], ""

    def flush(self) -> tuple[str, str]:
        """Return the reasoning and the text that are still held when the answer ends."""
        return (self.held, "") if self.state == "thinking" else ("", self.held)
