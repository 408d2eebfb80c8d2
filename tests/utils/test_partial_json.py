"""JSON that is still being written."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.utils.partial_json import iter_json, parse_partial, read_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
texts = st.builds(json.dumps, documents, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 0, 2]))


def grown(before, after):
    """Return whether the later value says all that the earlier one said, in the same order."""
    if before is None:
        return True
    if isinstance(before, dict):
        return list(after)[: len(before)] == list(before) and all(grown(before[key], after[key]) for key in before)
    if isinstance(before, list):
        return len(after) >= len(before) and all(map(grown, before, after))
    return after.startswith(before) if isinstance(before, str) else before == after


def is_number(text):
    return isinstance(json.loads(text), int | float)


@given(text=texts)
def test_a_complete_text_gives_exactly_its_document(text):
    found = read_json(text)

    assert found.complete
    assert repr(found.value) == repr(json.loads(text))
    assert text[: found.end] == text


@given(text=texts.filter(lambda text: not is_number(text)))
def test_a_longer_text_only_adds_to_the_value(text):
    values = [parse_partial(text[:end]) for end in range(len(text) + 1)]

    assert values[0] is None
    assert all(grown(before, after) for before, after in pairwise(values))


@given(text=texts.filter(lambda text: text[0] in "{["))
def test_only_a_whole_object_or_array_is_complete(text):
    assert [end for end in range(len(text) + 1) if read_json(text[:end]).complete] == [len(text)]


@given(text=texts.filter(lambda text: text[0] in "{["), label=st.sampled_from(["json", "JSON", "jsonc"]))
def test_prose_and_a_fence_before_the_json_are_skipped(text, label):
    assert parse_partial(f"As in [1]:\n```{label}\n{text}\n```\nThat is all.") == json.loads(text)


@given(text=st.text('{}[]:,d83cu"\\utrfalsen0189.eE+- \n`', max_size=30))
def test_no_text_raises(text):
    value = parse_partial(text)

    assert value is None or json.dumps(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("Well, let me", None),
        ("{", {}),
        ('{"na', {}),
        ('{"name"', {}),
        ('{"name": ', {}),
        ('{"name": "Os', {"name": "Os"}),
        ('{"name": "Os\\', {"name": "Os"}),
        ('{"name": "\\ud83c', {"name": ""}),
        ('{"name": "\\ud83c\\udf', {"name": ""}),
        ('{"name": "\\\\ud83c', {"name": "\\ud83c"}),
        ('{"done": t', {"done": True}),
        ('{"done": nul', {"done": None}),
        ("[1, 2", [1]),
        ("[1, 2.", [1]),
        ("[1, -", [1]),
        ("[1, 2 ", [1, 2]),
        ("[1, 2,]", [1, 2]),
        ('["two\nlines"]', ["two\nlines"]),
        ("12", 12),
        ("tru", None),
        ('"Os', "Os"),
        ('"Oslo" is {"a": 1}', {"a": 1}),
        ('In [brackets] or {braces}: {"a": 1}', {"a": 1}),
        ('{"a": {"b": 1}, oops {"c": 2}', {"a": {"b": 1}}),
        ('{"a" 1}', {}),
        ('{"a": 1]', {"a": 1}),
        ('{"a": }', {}),
        ("[none]", None),
        ('["\\x"]', [""]),
        ('{"a": 1} and {"b": 2}', {"a": 1}),
    ],
)
def test_a_cut_or_malformed_text_has_the_value_so_far(text, expected):
    assert parse_partial(text) == expected


def test_each_json_value_has_a_reading_up_to_a_malformed_one():
    found = iter_json('As [1] and [x] say: {"a": 2}, {"b": 3, oops} and [4]')

    assert [(read.value, read.complete) for read in found] == [([1], True), ({"a": 2}, True), ({"b": 3}, False)]


def test_there_is_no_reading_after_the_last_json_value():
    assert [read.value for read in iter_json('{"a": 2} and no more')] == [{"a": 2}]
    assert [read.value for read in iter_json('"Oslo"')] == ["Oslo"]
    assert [read.value for read in iter_json("Oslo")] == [None]


@pytest.mark.parametrize(
    "text", ["[" * 50_000, '["' + '\\"' * 50_000, "[" + "1" * 50_000 + ".", "[x" * 20_000, '{"a":' * 20_000]
)
def test_neither_length_nor_depth_matters(text):
    started = time.process_time()

    parse_partial(text)

    assert time.process_time() - started < 5
