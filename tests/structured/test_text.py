"""JSON, Markdown and code in an answer's text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.structured import CodeBlock, Section, code_blocks, extract_json, json_lines, markdown_sections
from tests.support.strategies import json_values, objects

MARKDOWN = """Before.

# Title #

Text.

```python
# no heading
---
```

Setext over
two lines
---
More.

- item
---
> quotation
===

####### seven
#tag
   ### Indented ###
    # code
Under
=====
"""


@given(value=json_values)
def test_text_that_is_json_is_read_completely(value):
    assert extract_json(f" {json.dumps(value)}\n") == value


@given(
    value=objects,
    before=st.sampled_from(["", "Here it is: ", "As in [a] and {b}:\n"]),
    fence=st.sampled_from(["```", "~~~~"]),
)
def test_json_is_found_in_a_fence_and_within_prose(value, before, fence):
    text = json.dumps(value, indent=1)

    assert extract_json(f"{before}{text}\nThat is {{all}}.") == value
    assert extract_json(f"{before}\n{fence}json\n{text}\n{fence}\nThat is [1].") == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON in the text, which ends at line 1 column 1"),
        ("None\nat [all]", "no JSON in the text, which ends at line 2 column 9"),
        ('So:\n{"a": {"b": 1}, "c', "the JSON in the text is cut off at line 2 column 19"),
        ('{"a": {"b": 1}, oops}', "the JSON in the text is malformed at line 1 column 16"),
        ('{"a": {"b": 1}\n, oops', "the JSON in the text is malformed at line 2 column 2"),
    ],
)
def test_without_complete_json_the_error_has_the_place(text, reason):
    with pytest.raises(ValueError) as caught:
        extract_json(text)

    assert str(caught.value) == reason


@given(values=st.lists(json_values), ending=st.sampled_from(["\n", "\r\n", "\n\n", "\nno JSON\n"]))
def test_lines_of_json_are_read_and_others_skipped(values, ending):
    assert json_lines("```\n" + "".join(json.dumps(value) + ending for value in values) + "```") == values


def test_both_kinds_of_headings_start_sections_except_in_code():
    assert markdown_sections(MARKDOWN) == [
        Section(0, "", "Before."),
        Section(1, "Title", "Text.\n\n```python\n# no heading\n---\n```"),
        Section(2, "Setext over two lines", "More.\n\n- item\n---\n> quotation\n===\n\n####### seven\n#tag"),
        Section(3, "Indented", "    # code"),
        Section(1, "Under", ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n", []),
        ("#", [Section(1, "", "")]),
        ("## a\r\nb\r\n", [Section(2, "a", "b")]),
        ("---\na\n---\n", [Section(0, "", "---"), Section(2, "a", "")]),
        ("```\n# a", [Section(0, "", "```\n# a")]),
    ],
)
def test_headings_at_the_edges_of_the_text(text, expected):
    assert markdown_sections(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no code", []),
        ("```python title=x\na\n\nb\n```\n", [CodeBlock("python", "a\n\nb")]),
        ("```\n```\n~~~ sh\nb\n~~~", [CodeBlock("", ""), CodeBlock("sh", "b")]),
        ("````md\n```py\na\n```\n````\nb", [CodeBlock("md", "```py\na\n```")]),
        ("~~~\n```\n~~~", [CodeBlock("", "```")]),
        ("```py\r\na\r\n```", [CodeBlock("py", "a")]),
        ("```py\ncut", [CodeBlock("py", "cut")]),
        ("```py", [CodeBlock("py", "")]),
        ("1. In a list:\n   ```py\n   a\n     b\n  c\n   ```", [CodeBlock("py", "a\n  b\nc")]),
        ("```a`b\n", []),
        ("```\na\n        ```\n```", [CodeBlock("", "a\n        ```")]),
    ],
)
def test_code_is_the_lines_between_fences(text, expected):
    assert code_blocks(text) == expected


@given(code=st.text("ab`~\n ", max_size=20), language=st.sampled_from(["", "py"]))
def test_code_in_a_longer_fence_comes_back_unchanged(code, language):
    fence = "`" * 21

    assert code_blocks(f"Text.\n{fence}{language}\n{code}\n{fence}\nText.") == [CodeBlock(language, code)]


def test_a_line_that_is_not_a_paragraph_is_not_made_a_heading_by_the_line_below():
    text = "a\n***\n- item\nlazy\n---\nb\n    c\n---"

    assert markdown_sections(text) == [Section(0, "", "a\n***\n- item\nlazy\n---"), Section(2, "b c", "")]
