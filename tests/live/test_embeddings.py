"""Vectors and rankings of a real engine, started with other settings than the embedded model's."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

import ai_lib
from ai_lib import AiClient, AiLibError, AuthenticationError, ConnectionOptions, InvalidRequestError
from ai_lib.transport import embedded

pytestmark = pytest.mark.live

SCRIPT = Path(ai_lib.__file__).parent / "transport" / "embedded_server.py"
MEAN, RANK = 1, 4  # llama.cpp's names for what is made of the vectors of a text's tokens


@contextmanager
def engine(pooling: int) -> Iterator[AiClient]:
    """Run a server that embeds, and yield its client."""
    if missing := embedded.missing_packages():
        pytest.skip(f"needs the packages {', '.join(missing)} (see `ai-lib local`)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "weights": embedded.find_weights(), "port": port, "api_key": "k", "alias": "smol", "template": None, "threads": 2,
        "parameters": {"n_ctx": 1024, "n_parallel": 1, "fit_params": False, "cache_ram_mib": 0, "embedding": True,
                       "pooling_type": pooling},
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-P", str(SCRIPT)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
        options = ConnectionOptions(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", max_retries=20)
        yield AiClient("llamacpp", model="smol", options=options)
        process.stdin.close()


@pytest.fixture(scope="module")
def embedder() -> Iterator[AiClient]:
    with engine(MEAN) as client:
        yield client


def test_a_string_has_the_same_vector_alone_and_in_a_batch(embedder):
    together = embedder.embed(["The cat sleeps.", "Stock prices fell sharply."])
    alone = embedder.embed("The cat sleeps.")

    assert [len(vector) for vector in together.vectors] == [576, 576]
    assert together.vectors[0] == pytest.approx(alone.vectors[0], abs=1e-3)
    assert together.vectors[0] != together.vectors[1]
    assert (together.provider, together.usage.prompt_tokens > 5) == ("llamacpp", True)


def test_vectors_in_base64_are_the_same(embedder):
    config = embedder._core.connection.adapter.config
    packed = AiClient(
        attrs.evolve(config, embed=attrs.evolve(config.embed, options={"encoding": "base64"})),
        model="smol",
        options=embedder._core.options,
    )

    vectors = packed.embed(["The cat sleeps."])

    assert isinstance(vectors.raw["data"][0]["embedding"], str)
    assert vectors.vectors[0] == pytest.approx(embedder.embed("The cat sleeps.").vectors[0], abs=1e-3)


def test_a_wrong_key_and_an_input_that_is_too_long_are_typed_errors(embedder):
    with pytest.raises(AuthenticationError):
        embedder.with_options(api_key="wrong", max_retries=0).embed("hi")
    with pytest.raises(AiLibError) as caught:
        embedder.with_options(max_retries=0).embed("word " * 3000)
    assert isinstance(caught.value, InvalidRequestError) or caught.value.status == 500


def test_documents_are_ranked():
    with engine(RANK) as client:
        answer = client.rerank("What is the capital of France?", ["Paris", "bread", "a lamp"], top_n=2)

    assert len(answer.results) == 2
    assert answer.results[0].score >= answer.results[1].score
    assert {result.index for result in answer.results} <= {0, 1, 2}
