"""From the arguments of a call to a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["Prompt", "check_names", "check_several", "request_from"]

Prompt: TypeAlias = str | Message | Iterable[Message | Mapping[str, Any]] | ChatCompletionRequest
"""What can be asked: a text, a message, messages or dicts in the OpenAI chat form, or a whole request."""

_FIELDS = frozenset(attrs.fields_dict(ChatCompletionRequest)) - {"messages"}


def request_from(
    messages: Prompt, fields: dict[str, Any], model_for: Callable[[str | None], str]
) -> ChatCompletionRequest:
    """Return the request.

    Args:
        messages: What is asked.
        fields: The other fields; `tools` may hold plain functions, `response_format` be a word, a schema or a type.
        model_for: Returns the model to ask for the one that was named, or for None.

    Raises:
        InvalidRequestError: A field does not exist, or the request makes no sense.
    """
    check_names(fields)
    if "response_format" in fields:
        # Imported where it is used: most programs do not need it, and it takes time.
        from ai_lib.structured import response_format_from

        fields["response_format"] = response_format_from(fields["response_format"])
    if not isinstance(messages, ChatCompletionRequest):
        fields["model"] = model_for(fields.get("model"))
        return ChatCompletionRequest(messages=messages, **fields)
    model = model_for(fields.get("model", messages.model))
    return attrs.evolve(messages, **{**fields, "model": model})


def check_names(fields: Mapping[str, Any]) -> None:
    """Check that a request has fields of these names.

    Raises:
        InvalidRequestError: It has not; the message tells what may be meant.
    """
    if not fields.keys() <= _FIELDS:
        raise _unknown(fields.keys() - _FIELDS)


def check_several(prompts: object, what: str) -> None:
    """Check that this is a sequence of prompts, and not one.

    Raises:
        InvalidRequestError: It is one, or none.
    """
    if isinstance(prompts, str | Message | ChatCompletionRequest | Mapping) or not isinstance(prompts, Iterable):
        raise InvalidRequestError(f"{what} takes a sequence of prompts, not one {type(prompts).__name__}")


def _unknown(names: Iterable[str]) -> InvalidRequestError:
    from difflib import get_close_matches

    name = min(names)
    near = get_close_matches(name, _FIELDS, n=1)
    advice = f"did you mean {near[0]!r}?" if near else "a provider's own fields go into extensions={...}"
    return InvalidRequestError(f"a request has no field {name!r}; {advice}", code="unknown_field")
