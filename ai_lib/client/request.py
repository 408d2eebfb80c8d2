"""From the arguments of a call to a validated request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["Prompt", "build_request", "check_fields", "check_is_sequence"]

Prompt: TypeAlias = str | Message | Iterable[Message | Mapping[str, Any]] | ChatCompletionRequest
"""A prompt: a string, a message, a sequence of messages or of dicts in the OpenAI chat form, or a whole request."""

_FIELDS = frozenset(attrs.fields_dict(ChatCompletionRequest)) - {"messages"}
# Keyword arguments that a misspelled field may have been meant to be.
_CALL_OPTIONS = ("budget", "max_repairs", "on_unsupported", "resume", "tags", "timeout")


def build_request(
    messages: Prompt, fields: dict[str, Any], resolve_model: Callable[[str | None], str]
) -> ChatCompletionRequest:
    """Return the request.

    Args:
        messages: The prompt.
        fields: The other fields; `tools` may hold plain functions, `response_format` be a word, a schema or a type.
        resolve_model: Returns the model to use for the one that was named, or for None.

    Raises:
        InvalidRequestError: A field does not exist, or its value is invalid.
    """
    check_fields(fields)
    # Imported where they are used: most programs need neither, and both take time.
    if fields.get("response_format") is not None:
        from ai_lib.structured import response_format_from

        fields["response_format"] = response_format_from(fields["response_format"])
    if not isinstance(messages, ChatCompletionRequest):
        fields["model"] = resolve_model(fields.get("model"))
        return ChatCompletionRequest(messages=messages, **fields)
    model = resolve_model(fields.get("model", messages.model))
    return attrs.evolve(messages, **{**fields, "model": model})


def check_fields(fields: Mapping[str, Any]) -> None:
    """Check that a request has fields of these names.

    Raises:
        InvalidRequestError: One does not exist; the message suggests a similar name.
    """
    if fields.keys() <= _FIELDS:
        return
    from difflib import get_close_matches

    name = min(fields.keys() - _FIELDS)
    similar = get_close_matches(name, [*sorted(_FIELDS), *_CALL_OPTIONS], n=1)
    advice = f"did you mean {similar[0]!r}?" if similar else "fields of one provider go into extensions={...}"
    raise InvalidRequestError(f"a request has no field {name!r}; {advice}", code="unknown_field")


def check_is_sequence(prompts: object, what: str) -> None:
    """Check that this is a sequence of prompts, not a single one.

    Args:
        prompts: The value.
        what: What takes it, for the message.

    Raises:
        InvalidRequestError: It is a single prompt, or not a sequence.
    """
    if isinstance(prompts, str | Message | ChatCompletionRequest | Mapping) or not isinstance(prompts, Iterable):
        raise InvalidRequestError(f"{what} takes a sequence of prompts, not a single {type(prompts).__name__}")
