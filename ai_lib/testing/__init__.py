"""Tools for testing programs that use ai_lib: scripted replies, a fake clock, faults, recordings, a server.

>>> from ai_lib import AiClient, ConnectionOptions
>>> from ai_lib.testing import ScriptedTransport, error
>>> script = ScriptedTransport(error(400), "Hello!")

May import everything below `ai_lib.client`; nothing imports it. Only `ai_lib.testing.plugin` needs pytest.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.testing.cassette import Cassette
    from ai_lib.testing.clock import FakeClock
    from ai_lib.testing.errors import NetworkBlockedError, UnexpectedRequestError
    from ai_lib.testing.faults import FaultyTransport
    from ai_lib.testing.replies import Answer, Failure, ModelList, Raw, Reply, cut, error, models, raw, text, tool_call
    from ai_lib.testing.request import SentRequest
    from ai_lib.testing.server import MockServer
    from ai_lib.testing.transport import ScriptedTransport
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "testing.cassette": "Cassette",
            "testing.clock": "FakeClock",
            "testing.errors": "NetworkBlockedError UnexpectedRequestError",
            "testing.faults": "FaultyTransport",
            "testing.replies": "Answer Failure ModelList Raw Reply cut error models raw text tool_call",
            "testing.request": "SentRequest",
            "testing.server": "MockServer",
            "testing.transport": "ScriptedTransport",
        },
    )

__all__ = [
    "Answer", "Cassette", "Failure", "FakeClock", "FaultyTransport", "MockServer", "ModelList", "NetworkBlockedError",
    "Raw", "Reply", "ScriptedTransport", "SentRequest", "UnexpectedRequestError", "cut", "error", "models", "raw",
    "text", "tool_call",
]  # fmt: skip
