"""The public names of `ai_lib`, and what importing it does not do."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import ai_lib

NAMES = [
    "AiClient", "AiClientBuilder", "AiLibError", "Audio", "AuthenticationError", "BatchItem", "BatchJob",
    "BatchProgress", "BatchResult", "Budget", "BudgetExceededError", "CancelledError", "Catalogue",
    "ChatCompletionChunk", "ChatCompletionRequest", "ChatCompletionResponse", "ChatProvider", "ChatStream",
    "Choice", "ConfigurationError", "ConnectionOptions", "Document", "EmbeddingResponse", "FallbackChain",
    "Hedge", "Image", "InMemoryMetrics", "Interceptor", "InvalidRequestError", "LoadBalancingStrategy",
    "Message", "Metrics", "ModelArray", "ModelEndpoint", "ModelInfo", "ModelNotFoundError", "ModelRouter",
    "ModelSelectionStrategy", "Provider", "ProviderConfig", "ProviderError", "RateLimit", "RateLimitError",
    "RequestTimeoutError", "ResilienceConfig", "ResponseFormat", "RetryPolicy", "Role", "RoundRobin",
    "StreamInterruptedError", "Text", "Timeout", "Timer", "Tool", "ToolCall", "Toolbox", "TransportError",
    "UnsupportedFeatureError", "Usage", "quick_chat", "tool",
]  # fmt: skip

# Run in a fresh interpreter: prints what the import did apart from defining names.
WATCHER = """
import sys, threading
import requests, attrs, cattrs
base = set(sys.modules)
done = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "_thread.start_new_thread"):
        done.append(event)
    if event == "open" and args[0] and str(args[0]).endswith(".toml"):
        done.append(str(args[0]))
sys.addaudithook(watch)
import ai_lib
import logging
print(done, threading.active_count(), logging.getLogger().handlers, len(set(sys.modules) - base))
"""


def test_the_public_names_are_these_and_no_others():
    assert sorted(ai_lib.__all__) == sorted(NAMES)


def test_every_public_name_exists_and_is_listed_in_order():
    assert ai_lib.__all__ == sorted(ai_lib.__all__)
    assert [name for name in NAMES if not hasattr(ai_lib, name)] == []


@pytest.mark.parametrize("package", [module.name for module in pkgutil.iter_modules(ai_lib.__path__) if module.ispkg])
def test_a_package_has_the_names_that_it_lists_and_no_others(package):
    module = import_module(f"ai_lib.{package}")

    assert [name for name in getattr(module, "__all__", []) if not hasattr(module, name)] == []
    with pytest.raises(AttributeError, match=f"'ai_lib.{package}' has no attribute 'no_such_name'"):
        _ = module.no_such_name


def test_importing_does_no_io_starts_no_thread_and_prints_nothing():
    ran = subprocess.run([sys.executable, "-c", WATCHER], capture_output=True, text=True, check=True)

    assert ran.stderr == ""
    assert ran.stdout.startswith("[] 1 [] ")


def test_importing_adds_at_most_80_modules_to_its_dependencies():
    ran = subprocess.run([sys.executable, "-c", WATCHER], capture_output=True, text=True, check=True)

    assert int(ran.stdout.split()[-1]) <= 80
