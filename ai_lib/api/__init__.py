"""The protocols that users may implement, and what every part of the library shares: the call.

May import `types`, `errors` and `utils`.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.call import Call
    from ai_lib.api.chat import ChatProvider, CustomChatProvider, ResponseStream
    from ai_lib.api.events import Event, Listener
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.api.ledger import CostReservation, Ledger
    from ai_lib.api.limits import LimitStore, StoreUnavailableError
    from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, Metrics, Timer
    from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
    from ai_lib.api.transport import BytesTransport, HttpStream, Transport
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.call": "Call",
            "api.chat": "ChatProvider CustomChatProvider ResponseStream",
            "api.events": "Event Listener",
            "api.interceptor": "Interceptor",
            "api.ledger": "CostReservation Ledger",
            "api.limits": "LimitStore StoreUnavailableError",
            "api.metrics": "CallObserver CallRecord CallStart Metrics Timer",
            "api.selection": "ModelSelectionStrategy TrafficObserver",
            "api.transport": "BytesTransport HttpStream Transport",
        },
    )

__all__ = [
    "BytesTransport", "Call", "CallObserver", "CallRecord", "CallStart", "ChatProvider", "CostReservation",
    "CustomChatProvider", "Event", "HttpStream", "Interceptor", "Ledger", "LimitStore", "Listener", "Metrics",
    "ModelSelectionStrategy", "ResponseStream", "StoreUnavailableError", "Timer", "TrafficObserver",
    "Transport",
]  # fmt: skip
