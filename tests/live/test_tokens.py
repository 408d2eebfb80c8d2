"""The estimate of tokens against a real engine's count of the same prompt."""

import json
from pathlib import Path

import pytest

from ai_lib import Message

pytestmark = pytest.mark.live

CORPUS = Path(__file__).parents[1] / "models" / "token_corpus"


@pytest.mark.parametrize("name", ["english", "german", "chinese", "python", "json", "emoji", "dashes"])
def test_the_engines_count_lies_between_the_bounds(local, name):
    text = (CORPUS / f"{name}.txt").read_text(encoding="utf-8")[:500]  # the engine reads 200 tokens a second

    estimate = local.count_tokens(text)
    counted = local.chat(text, max_tokens=1).usage.prompt_tokens

    assert estimate.at_least <= counted <= estimate.at_most


def test_the_estimate_of_english_and_json_is_near_the_engines_count(local):
    text = (CORPUS / "english.txt").read_text(encoding="utf-8")[:1000]
    value = json.dumps(json.loads((CORPUS / "json.txt").read_text(encoding="utf-8")), indent=1)[:1000]
    messages = [Message.system("You sum up what you are given."), Message.user(text), Message.user(value)]

    estimate = local.count_tokens(messages)

    assert estimate.tokens == pytest.approx(local.chat(messages, max_tokens=1).usage.prompt_tokens, rel=0.2)
