"""Who answers a call: fallback chain, round robin, hedge, model array and model router.

>>> from ai_lib import AiClient
>>> from ai_lib.routing import FallbackChain
>>> client = AiClient("ollama", route=FallbackChain(["lmstudio"]))
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.balancing import LoadBalancingStrategy
    from ai_lib.routing.endpoint import EndpointStatus, HealthCheck, ModelEndpoint
    from ai_lib.routing.fallback import FallbackChain, RoundRobin
    from ai_lib.routing.hedge import Hedge
    from ai_lib.routing.router import ModelRouter
    from ai_lib.routing.selection import (
        CostBased,
        LatencyBased,
        LeastConnections,
        PerformanceBased,
        QualityBased,
        RoundRobinModels,
        RoutingPolicy,
        SelectionPreset,
        WeightedModels,
    )
    from ai_lib.routing.target import Target
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.selection": "ModelSelectionStrategy TrafficObserver",
            "routing.array": "ModelArray",
            "routing.balancing": "LoadBalancingStrategy",
            "routing.endpoint": "EndpointStatus HealthCheck ModelEndpoint",
            "routing.fallback": "FallbackChain RoundRobin",
            "routing.hedge": "Hedge",
            "routing.router": "ModelRouter",
            "routing.selection": "CostBased LatencyBased LeastConnections PerformanceBased QualityBased "
            "RoundRobinModels RoutingPolicy SelectionPreset WeightedModels",
            "routing.target": "Target",
        },
    )

__all__ = [
    "CostBased", "EndpointStatus", "FallbackChain", "HealthCheck", "Hedge", "LatencyBased", "LeastConnections",
    "LoadBalancingStrategy", "ModelArray", "ModelEndpoint", "ModelRouter", "ModelSelectionStrategy",
    "PerformanceBased", "QualityBased", "RoundRobin", "RoundRobinModels", "RoutingPolicy", "SelectionPreset",
    "Target", "TrafficObserver", "WeightedModels",
]  # fmt: skip
