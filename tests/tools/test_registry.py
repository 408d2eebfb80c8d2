"""The tools of a conversation, by name."""

import pytest

from ai_lib import InvalidRequestError, Tool, Toolbox, ToolCall


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def test_a_duplicate_name_and_a_tool_without_a_function_are_refused():
    box = Toolbox([add])

    with pytest.raises(InvalidRequestError, match="two tools are called 'add'"):
        box.add(add)
    with pytest.raises(InvalidRequestError, match="tool 'remote' has no function"):
        box.add(Tool("remote"))


def test_a_function_is_added_by_the_decorator():
    box = Toolbox()

    @box.tool
    def shout(word: str) -> str:
        """Shout."""
        return word.upper()

    assert (len(box), "shout" in box, shout("hi")) == (1, True, "HI")
    found, arguments = box.resolve(ToolCall("c1", "shout", '{"word": "hi"}'))
    assert found(**arguments) == "HI"
