"""The estimate of tokens, against what six vocabularies counted."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.models.tokens import token_bounds

CORPUS = Path(__file__).parent / "token_corpus"
COUNTS = json.loads((CORPUS / "counts.json").read_text())
TODAY = ("o200k_base (GPT-4o and later)", "qwen", "tekken (Mistral)", "deepseek-v3")
CODE = ("python", "python-dense", "javascript", "c", "sql")
PROSE = ("english", "english-technical", "markdown", "german", "french", "spanish")
DATA = ("json", "json-compact", "json-schema", "json-numbers", "csv-numbers", "uuid-log")
SCRIPTS = ("chinese", "japanese", "korean", "russian", "arabic", "hindi")


def text_of(name):
    return (CORPUS / f"{name}.txt").read_bytes().decode()


def today(name):
    return [COUNTS[name][vocabulary] for vocabulary in TODAY]


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_the_bounds_hold_for_every_vocabulary(name):
    count = token_bounds(text_of(name))

    assert count.low <= min(COUNTS[name].values())
    assert max(COUNTS[name].values()) <= count.high
    assert count.low <= count.estimate <= count.high


@pytest.mark.parametrize("name", [*PROSE, *CODE, *DATA, *SCRIPTS])
def test_the_estimate_is_near_the_average_of_todays_vocabularies(name):
    average = sum(today(name)) / len(TODAY)

    assert 0.88 <= token_bounds(text_of(name)).estimate / average <= 1.12


@pytest.mark.parametrize(
    "name", ["english", "english-technical", "markdown", *CODE, "json", "json-compact", "json-schema"]
)
def test_english_code_and_json_are_within_a_fifth_of_each_vocabulary_of_today(name):
    about = token_bounds(text_of(name)).estimate

    assert all(0.8 * count <= about <= 1.2 * count for count in today(name))


def test_a_text_has_about_as_many_tokens_alone_as_next_to_another():
    one, other = text_of("english"), text_of("python")

    assert token_bounds(one + "\n" + other).estimate == pytest.approx(
        token_bounds(one).estimate + token_bounds(other).estimate, rel=0.02
    )


def test_nothing_costs_nothing():
    assert token_bounds("") == (0, 0.0, 0)


@given(st.text())
def test_the_estimate_lies_between_its_bounds(text):
    count = token_bounds(text)

    assert 0 <= count.low <= count.estimate <= count.high == len(text.encode("utf-8", "surrogatepass"))


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_more_text_never_costs_much_less(one, other):
    assert token_bounds(one + " " + other).estimate >= 0.9 * token_bounds(one).estimate - 3


def test_half_of_a_surrogate_pair_is_no_error():
    assert token_bounds("\ud83d").high == 3
