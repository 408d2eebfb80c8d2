"""What a fake answers to one request after another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

import attrs

from ai_lib.testing.errors import UnexpectedRequestError
from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply, text
from ai_lib.testing.sent import SentRequest, sent
from ai_lib.testing.wire.render import Rendered, render
from ai_lib.types.wire import HttpRequest

__all__ = ["Script", "Scripted", "SentTo"]

SentTo: TypeAlias = Callable[[SentRequest], "Reply | str"]
"""Decides what to answer when it sees the request."""

Scripted: TypeAlias = Reply | str | SentTo
"""One line of a script: a reply, a text to reply with, or a function that decides."""

_SHOWN = 80
_REPLIES = (str, Answer, Failure, Raw, ModelList)


@attrs.define(eq=False)
class Script:
    """Gives each request its reply, in the order in which they come. Safe to share between threads.

    Args:
        lines: The replies, one for each request.
        then: What answers every request after them; None where there must be none.

    Raises:
        TypeError: One of them is no reply.

    Attributes:
        requests: What was asked so far.
    """

    lines: tuple[Scripted, ...]
    then: Scripted | None = None
    requests: list[SentRequest] = attrs.field(factory=list, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        for line in self.lines if self.then is None else (*self.lines, self.then):
            if not callable(line) and not isinstance(line, _REPLIES):
                raise TypeError(_no_reply("a script holds", line))

    @property
    def left(self) -> int:
        """How many of the replies nobody has asked for yet."""
        return max(0, len(self.lines) - len(self.requests))

    def answer(self, request: HttpRequest) -> Rendered:
        """Return what to send in answer to a request.

        Raises:
            UnexpectedRequestError: The script is over, or has something else for this place.
        """
        with self._lock:
            asked = sent(request, len(self.requests) + 1)
            self.requests.append(asked)
        line = self.lines[asked.number - 1] if asked.number <= len(self.lines) else self.then
        if line is None:
            raise UnexpectedRequestError(self._over(asked))
        # Outside of the lock: a function of the user's may take its time, or ask something itself.
        said = line(asked) if callable(line) else line
        if not isinstance(said, _REPLIES):
            raise UnexpectedRequestError(_no_reply(f"what answers request {asked.number} may return", said))
        return render(text(said) if isinstance(said, str) else said, asked)

    def _over(self, asked: SentRequest) -> str:
        count = len(self.lines)
        prompt = asked.prompt if len(asked.prompt) <= _SHOWN else asked.prompt[:_SHOWN] + "..."
        return (
            f"the script is over: it has {count} {'reply' if count == 1 else 'replies'}, and request {asked.number} "
            f"came: {asked.method} {asked.url}{f' with the prompt {prompt!r}' if prompt else ''}. "
            "Retries are requests too; then=... answers whatever comes after the script"
        )


def _no_reply(where: str, line: object) -> str:
    return (
        f"{where} texts, replies such as error(429) and functions that return one of these, "
        f"not {type(line).__name__}: {str(line)[:_SHOWN]}"
    )
