"""A real model, served by llama.cpp on this machine."""

from collections.abc import Iterator

import pytest

from ai_lib import AiClient
from ai_lib.transport.embedded import missing_packages


@pytest.fixture(scope="session")
def local() -> Iterator[AiClient]:
    """A client of the embedded model, which starts with the first call of the session."""
    missing = missing_packages()
    if missing:
        pytest.skip(f"needs the packages {', '.join(missing)} (see `ai-lib local`)")
    with AiClient("local") as client:
        yield client
