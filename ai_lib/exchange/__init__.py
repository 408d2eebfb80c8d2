"""One attempt: encode, send, decode. The only place where the pure rooms meet the ones that do I/O."""

from ai_lib.exchange.attempt import FRAMINGS, Exchange
from ai_lib.exchange.source import ResponseFacts, StreamSource
from ai_lib.exchange.stream import CLOSED, STOPPED, ChatStream

__all__ = ["CLOSED", "FRAMINGS", "STOPPED", "ChatStream", "Exchange", "ResponseFacts", "StreamSource"]
