"""Benchmarks of calls, chunks and imports, compared with bare `requests`. See README.md in this folder."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import server

Variant = Callable[[], Any]
_BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hi"}]}
_HEADERS = {"Authorization": "Bearer key"}


def alternate(variants: dict[str, Variant], rounds: int, calls: int = 1) -> dict[str, float]:
    """Return the median CPU seconds of one call of each variant; every round measures all variants."""
    for run in variants.values():
        run()
    samples: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.process_time()
            for _ in range(calls):
                run()
            samples[name].append((time.process_time() - start) / calls)
    return {name: statistics.median(times) for name, times in samples.items()}


def show(title: str, costs: dict[str, float], unit: str = "us", scale: float = 1e6) -> None:
    """Print each variant and its ratio to the first one."""
    first = next(iter(costs.values()))
    print(f"\n{title}")
    for name, cost in costs.items():
        print(f"  {name:42} {cost * scale:10.2f} {unit}   x {cost / first:.2f}")


def client(base: str, kind: str, count: int = 0, **arguments: Any) -> Any:
    """Return an ai_lib client for one kind of the server's responses."""
    from ai_lib import AiClient, ProviderConfig

    config = ProviderConfig("bench", base_url=f"{base}/{kind}/{count}/v1", default_model="gpt-4o-mini")
    return AiClient(config, **arguments)


def session() -> Any:
    """Return a bare session, as users create it."""
    import requests

    session = requests.Session()
    session.headers.update(_HEADERS)
    return session


def peer_clients(names: Iterable[str], base: str, kind: str, count: int) -> dict[str, tuple[Variant, Variant]]:
    """Return a chat call and a stream of each peer."""
    url = f"{base}/{kind}/{count}/v1"
    clients: dict[str, tuple[Variant, Variant]] = {}
    messages: Any = _BODY["messages"]
    for name in names:
        if name == "openai":
            import openai

            chats = openai.OpenAI(base_url=url, api_key="key").chat.completions
            clients[name] = (
                lambda chats=chats: chats.create(model="gpt-4o-mini", messages=messages),
                lambda chats=chats: list(chats.create(model="gpt-4o-mini", messages=messages, stream=True)),
            )
        elif name == "litellm":
            import litellm

            def complete(url: str = url, **options: Any) -> Any:
                return litellm.completion(
                    model="openai/gpt-4o-mini", api_base=url, api_key="key", messages=messages, **options
                )

            clients[name] = (complete, lambda complete=complete: list(complete(stream=True)))
    return clients


def part_import(_: str, __: list[str]) -> None:
    base = "import requests, attrs, cattrs"
    walls: dict[str, list[float]] = {}
    modules: dict[str, int] = {}
    for _round in range(15):
        for name, code in {base: base, "+ import ai_lib": f"{base}; import ai_lib"}.items():
            start = time.perf_counter()
            process = subprocess.run(
                [sys.executable, "-c", f"{code}; import sys; print(len(sys.modules))"],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            walls.setdefault(name, []).append(time.perf_counter() - start)
            modules[name] = int(process.stdout)
    # The minimum, because noise only makes an import slower.
    best = {name: min(times) for name, times in walls.items()}
    show("import, whole process", best, "ms", 1e3)
    added = (best["+ import ai_lib"] - best[base]) * 1e3
    print(f"  added: {added:.0f} ms (target 60), {modules['+ import ai_lib'] - modules[base]} modules (target 80)")


def part_call(base: str, peers: list[str]) -> None:
    bare, ours = session(), client(base, "chat")
    url = f"{base}/chat/0/v1/chat/completions"
    variants: dict[str, Variant] = {
        "requests: Session.post(json=).json()": lambda: bare.post(url, json=_BODY).json(),
        "ai_lib: client.chat()": lambda: ours.chat("Say hi"),
    }
    variants |= {name: peer[0] for name, peer in peer_clients(peers, base, "chat", 0).items()}
    show("one chat call, CPU (target x 0.70)", alternate(variants, rounds=40, calls=25))


def part_reliability(base: str, _: list[str]) -> None:
    from ai_lib import ConnectionOptions, RateLimit, ResilienceConfig

    # So high that no call waits: the benchmark measures the overhead of a limit, not its pace.
    fast = RateLimit.per_second(1e6, burst=1e6)
    tokens = RateLimit.per_second(1e6, tokens=1e9, burst=1e6)
    production = ResilienceConfig.production()
    bare = client(base, "chat", options=ConnectionOptions(max_retries=0))
    settings = {
        "no retries": None,
        "default": ResilienceConfig(),
        "production": production.with_changes(rate_limit=fast),
        "production, with a token limit": production.with_changes(rate_limit=tokens),
    }
    variants: dict[str, Variant] = {}
    for name, resilience in settings.items():
        ours = bare if resilience is None else client(base, "chat", resilience=resilience)
        variants[name] = lambda ours=ours: ours.chat("Say hi")
    show("one chat call with reliability features, CPU (target x 1.15)", alternate(variants, rounds=60, calls=25))


def part_chunk(base: str, peers: list[str]) -> None:
    for kind, title in {"large": "16 KiB HTTP chunks", "single": "one HTTP chunk per event"}.items():
        count = 4000
        bare, ours = session(), client(base, kind, count)
        url = f"{base}/{kind}/{count}/v1/chat/completions"

        def read_bare(bare: Any = bare, url: str = url) -> int:
            length = 0
            with bare.post(url, json={**_BODY, "stream": True}, stream=True) as response:
                for line in response.iter_lines():
                    if line.startswith(b"data: ") and line != b"data: [DONE]":
                        for choice in json.loads(line[6:])["choices"]:
                            length += len(choice["delta"].get("content") or "")
            return length

        def read_ours(ours: Any = ours) -> int:
            with ours.stream("Say hi") as stream:
                length = sum(len(chunk.text) for chunk in stream)
            assert len(stream.response.text) == length
            return length

        assert read_bare() == read_ours()
        variants: dict[str, Variant] = {
            "requests: iter_lines + json.loads": read_bare,
            "ai_lib: typed chunks and response": read_ours,
        }
        variants |= {name: peer[1] for name, peer in peer_clients(peers, base, kind, count).items()}
        costs = alternate(variants, rounds=15)
        show(f"one chunk, {title}, CPU (target x 1.00)", {name: cost / count for name, cost in costs.items()})


def _threaded(call: Variant, threads: int, calls: int) -> float:
    """Return the calls per second of several threads that share a client."""
    barrier = threading.Barrier(threads + 1)

    def work() -> None:
        barrier.wait()
        for _ in range(calls):
            call()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for thread in workers:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in workers:
        thread.join()
    return threads * calls / (time.perf_counter() - start)


def part_threads(base: str, _: list[str]) -> None:
    bare, ours = session(), client(base, "chat")
    url = f"{base}/chat/0/v1/chat/completions"
    rates: dict[str, list[float]] = {"bare shared session": [], "ai_lib": []}
    for _round in range(5):
        rates["bare shared session"].append(_threaded(lambda: bare.post(url, json=_BODY).json(), 16, 50))
        rates["ai_lib"].append(_threaded(lambda: ours.chat("Say hi"), 16, 50))
    show("16 threads on one client, calls per second (target x 1.20)",
         {name: statistics.median(rate) for name, rate in rates.items()}, "/s", 1)  # fmt: skip


def part_memory(base: str, _: list[str]) -> None:
    """Read a stream of 100 MB in a new process that measures its own peak memory."""
    if os.environ.get("BENCH_MEMORY"):
        count = 100_000_000 // len(server.event(" word1"))
        ours = client(base, "large", count)
        ours.chat  # noqa: B018 - imports what a call needs before memory is measured
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        chunks, text = 0, 0
        for chunk in ours.stream("Say hi"):
            chunks += 1
            text += len(chunk.text)
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"\n100 MB stream: {chunks} chunks, {text / 1e6:.1f} MB of text, peak memory + {growth / 1024:.1f} MiB")
        return
    subprocess.run(
        [sys.executable, __file__, "memory", "--base", base], check=True, env={**os.environ, "BENCH_MEMORY": "1"}
    )


def part_delay(base: str, _: list[str]) -> None:
    kinds = {
        "paced": "chunked",
        "closepaced": "close-delimited",
        "pacedgzip": "chunked gzip",
        "closegzip": "close gzip",
    }
    print("\ndelay from the server's write to the caller's chunk, ms (target 5)")
    for kind, title in kinds.items():
        delays = [
            (time.monotonic() - float(chunk.text)) * 1e3
            for chunk in client(base, kind, 100).stream("Say hi")
            if chunk.text
        ]
        print(f"  {title:42} median {statistics.median(delays):6.2f}   max {max(delays):6.2f}")


PARTS: dict[str, Callable[[str, list[str]], None]] = {
    "import": part_import,
    "call": part_call,
    "reliability": part_reliability,
    "chunk": part_chunk,
    "threads": part_threads,
    "memory": part_memory,
    "delay": part_delay,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="the parts to run (default: all)")
    parser.add_argument("--peers", nargs="*", default=[], choices=["openai", "litellm"])
    parser.add_argument("--base", help="address of a running server (default: start one)")
    arguments = parser.parse_args()
    if arguments.base:
        for name in arguments.parts:
            PARTS[name](arguments.base, arguments.peers)
        return
    with server.running() as base:
        for name in arguments.parts or PARTS:
            PARTS[name](base, arguments.peers)


if __name__ == "__main__":
    main()
