"""The replies of a fake provider, one for each request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

import attrs

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.formats.render import render
from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply, text
from ai_lib.testing.request import SentRequest
from ai_lib.testing.response import FakeResponse
from ai_lib.types.wire import HttpRequest

__all__ = ["ReplyFunction", "Script", "Scripted"]

ReplyFunction: TypeAlias = Callable[[SentRequest], "Reply | str"]
"""Chooses the reply when it sees the request."""

Scripted: TypeAlias = Reply | str | ReplyFunction
"""One line of a script: a reply, a string to answer with, or a function that chooses."""

_MAX_SHOWN = 80
_REPLIES = (str, Answer, Failure, Raw, ModelList)


@attrs.define(eq=False)
class Script:
    """Gives each request the next reply. Safe to share between threads.

    Args:
        lines: The replies, one for each request.
        then: The reply to every request after them; None to reject those.

    Raises:
        TypeError: One of them is not a reply.

    Attributes:
        requests: The requests so far.
    """

    lines: tuple[Scripted, ...]
    then: Scripted | None = None
    requests: list[SentRequest] = attrs.field(factory=list, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        for line in self.lines if self.then is None else (*self.lines, self.then):
            if not callable(line) and not isinstance(line, _REPLIES):
                raise TypeError(_not_a_reply("a script takes", line))

    @property
    def left(self) -> int:
        """The number of replies that have not been used yet."""
        return max(0, len(self.lines) - len(self.requests))

    def answer(self, request: HttpRequest) -> FakeResponse:
        """Return the response to a request.

        Raises:
            UnexpectedRequestError: The script has no reply left, or one of another kind in this place.
        """
        with self._lock:
            sent = SentRequest.from_http(request, len(self.requests) + 1)
            self.requests.append(sent)
        count = len(self.lines)
        line = self.lines[sent.number - 1] if sent.number <= count else self.then
        if line is None:
            prompt = sent.prompt if len(sent.prompt) <= _MAX_SHOWN else sent.prompt[:_MAX_SHOWN] + "..."
            raise UnexpectedRequestError(
                f"the script has no reply left: it has {count} {'reply' if count == 1 else 'replies'}, and request "
                f"{sent.number} is {sent.method} {sent.url}{f' with the prompt {prompt!r}' if prompt else ''}; "
                "count retries as requests, or pass then=... to answer all further requests"
            )
        # Not under the lock: a user's function may be slow, or send a request itself.
        reply = line(sent) if callable(line) else line
        if not isinstance(reply, _REPLIES):
            raise UnexpectedRequestError(_not_a_reply(f"the function for request {sent.number} may return", reply))
        return render(text(reply) if isinstance(reply, str) else reply, sent)


def _not_a_reply(place: str, value: object) -> str:
    kinds = "strings, replies such as error(429), and functions that return one of these"
    return f"{place} {kinds}, got {type(value).__name__}: {str(value)[:_MAX_SHOWN]}"
