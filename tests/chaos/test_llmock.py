"""An independent mock server that sends faults and checks the client: https://pypi.org/project/llmock/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

from ai_lib import (
    AiClient,
    AiLibError,
    ChatCompletionResponse,
    ConnectionOptions,
    RateLimit,
    ResilienceConfig,
    RetryPolicy,
)

testing = pytest.importorskip("llmock.testing", reason="needs the package llmock")
pytestmark = pytest.mark.slow

TEXT = "alpha beta gamma delta epsilon zeta"
REPLY = {"type": "reply", "text": TEXT, "times": None}
# llmock cannot see that the client raised, and so accepted and ignored nothing.
NOT_IF_RAISED = {"truncated_stream_accepted", "malformed_chunk_ignored"}
EVERYWHERE = ["openai", "anthropic", "gemini", "cohere", "mistral", "groq"]
THOROUGHLY = ["openai", "anthropic"]


def fails(status: int, times: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"type": "fail", "status": status, "times": times, **more}


def breaks(kind: str, after: int, **more: Any) -> dict[str, Any]:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after, **more}


def chat(client: AiClient) -> ChatCompletionResponse:
    return client.chat("What is the weather in Paris?")


def stream(client: AiClient) -> ChatCompletionResponse:
    return client.stream("What is the weather in Paris?").final_response()


@attrs.frozen
class Scenario:
    """What the server does, which call is made, and whether it must succeed (None: either, but never a part)."""

    behaviors: list[dict[str, Any]]
    ask: Callable[[AiClient], ChatCompletionResponse]
    answered: bool | None
    timeout: float = 20.0


SCENARIOS = {
    "a wait is obeyed": Scenario([fails(429, 1, retry_after=1)], chat, answered=True),
    "a wait is obeyed before a stream": Scenario([fails(429, 1, retry_after=1)], stream, answered=True),
    "a server that recovers": Scenario([fails(503)], chat, answered=True),
    "an outage": Scenario([fails(503, None)], chat, answered=False),
    "a bad request": Scenario([fails(400)], chat, answered=False),
    "a wrong key": Scenario([fails(401)], stream, answered=False),
    "a silent server": Scenario([{"type": "delay", "seconds": 0.8, "times": 1}], chat, None, 0.4),
    "a stream cut off at once": Scenario([breaks("disconnect", 0)], stream, None),
    "a stream cut off later": Scenario([breaks("disconnect", 2)], stream, None),
    "a stream that just ends": Scenario([breaks("truncate", 2)], stream, None),
    "a stream with nonsense in it": Scenario([breaks("malformed", 2)], stream, None),
    "a stream that falls silent": Scenario([breaks("stall", 2, stall_seconds=0.8)], stream, None, 0.4),
}
BRIEFLY = ["a bad request", "a stream that just ends"]
CASES = [(provider, name) for provider in EVERYWHERE for name in SCENARIOS if provider in THOROUGHLY or name in BRIEFLY]


@pytest.fixture(scope="module")
def llmock() -> Iterator[Any]:
    with testing.LLMockServer() as server:
        yield server


def control(server: Any, path: str, body: Any = None) -> Any:
    """Send a command to the mock server, outside of its API for clients."""
    url = f"{server.url}/_llmock/{path}"
    answer = requests.get(url, timeout=10) if body is None else requests.post(url, json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


def llmock_client(server: Any, provider: str, timeout: float = 20.0, **arguments: Any) -> AiClient:
    options = ConnectionOptions(base_url=server.base_url(provider), api_key="k", timeout=timeout)
    # Retry-After is obeyed in full; only the back-off is short.
    arguments.setdefault("resilience", ResilienceConfig(retry=RetryPolicy(base=0.05)))
    return AiClient(provider, model="gpt-4o", options=options, **arguments)


@pytest.mark.parametrize(("provider", "name"), CASES)
def test_the_mock_server_reports_no_violation(llmock, provider, name):
    scenario = SCENARIOS[name]
    control(llmock, "reset", {})
    control(llmock, "scenario", {"behaviors": [*scenario.behaviors, REPLY]})

    with llmock_client(llmock, provider, scenario.timeout) as client:
        try:
            text = scenario.ask(client).text.strip()
        except AiLibError:
            text = None

    findings = {finding["code"] for finding in control(llmock, "verdict")["findings"] if finding["severity"] == "error"}
    assert findings - (NOT_IF_RAISED if text is None else set()) == set()
    assert text in (None, TEXT)
    assert scenario.answered in (None, text is not None)


def test_a_limit_equal_to_the_servers_is_used_up_without_a_429(llmock):
    from llmock.ratelimit import LimitSettings

    control(llmock, "reset", {})
    limiter = llmock.state.limiter
    limiter.configure(LimitSettings(rpm=600))
    try:
        limit = ResilienceConfig(retry=None, rate_limit=RateLimit.per_minute(600))
        with llmock_client(llmock, "openai", resilience=limit) as client:
            chat(client)
            for bucket in limiter._buckets.values():
                bucket.level = 2.0  # what a minute of others' calls would leave
            answers = [chat(client) for _ in range(25)]
    finally:
        limiter.configure(LimitSettings())

    assert len(answers) == 25
    assert min(answer.rate_limits["requests"].remaining for answer in answers) <= 2
