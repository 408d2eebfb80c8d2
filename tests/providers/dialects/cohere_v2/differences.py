"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {"cohere": "cohere"}
ALL = frozenset(RECORDED)


def _plan(body: dict[str, Any]) -> None:
    body["messages"][1]["tool_plan"] = "Checking."


# What we send instead of what is recorded, and why: (reason, files, scenarios, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    ("top_k is not part of the scenario", ALL, frozenset({"settings"}), lambda body: body.pop("k")),
    ("text beside calls is tool_plan; the other client leaves it out",
     ALL, frozenset({"tool-results-parallel"}), _plan),
    ("the vendor has a field for it", ALL, frozenset({"tool-strict"}), lambda body: body.update(strict_tools=True)),
    ("a document at an address is refused here; the other client has the text at hand",
     ALL, frozenset({"text-file"}), lambda body: body.pop("documents")),
]  # fmt: skip

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
REFUSED: dict[tuple[str, str], list[str]] = {
    ("cohere", "pdf-url"): ["document url"],
    ("cohere", "pdf-base64"): ["document content"],
    ("cohere", "text-file"): ["document url"],
    ("cohere", "audio-wav-base64"): ["audio content"],
    ("cohere", "tool-result-image"): ["media in a tool's result"],
}
