"""For the tests of programs that use ai_lib: scripted answers, time that stands still, faults, recordings, a server.

>>> from ai_lib import AiClient, ConnectionOptions
>>> from ai_lib.testing import ScriptedTransport, error
>>> script = ScriptedTransport(error(400), "Hello!")

May import everything below `ai_lib.client`, and is imported by nothing. Only `ai_lib.testing.plugin` needs pytest.
"""

from ai_lib.testing.cassette import Cassette
from ai_lib.testing.clock import FakeClock
from ai_lib.testing.errors import NetworkBlockedError, UnexpectedRequestError
from ai_lib.testing.faults import FaultyTransport
from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply, cut, error, models, raw, text, tool_call
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.server import MockServer
from ai_lib.testing.transport import ScriptedTransport

__all__ = [
    "Answer",
    "Cassette",
    "Failure",
    "FakeClock",
    "FaultyTransport",
    "MockServer",
    "ModelList",
    "NetworkBlockedError",
    "Raw",
    "Reply",
    "ScriptedTransport",
    "SentRequest",
    "UnexpectedRequestError",
    "cut",
    "error",
    "models",
    "raw",
    "text",
    "tool_call",
]
