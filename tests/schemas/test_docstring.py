"""Docstrings and what they say about parameters."""

import pytest

from ai_lib.schemas.docstring import split_docstring

GOOGLE = """Tell the weather.

    Of one place.

    Args:
        place (str): Where,
            in words.

        days: How many: up to 7.
        *more: Others.
        nothing said here

    Returns:
        A text.
    """
NUMPY = """Tell the weather.

    Of one place.

    Parameters
    ----------
    place : str
        Where,
        in words.
    days, more : int, optional
        How many.

    Returns
    -------
    str
        A text.
    """
SPHINX = """Tell the weather.

    Of one place.

    :param str place: Where,
        in words.
    :type place: str
    :param days: How many.
    :param silent:
    :returns: A text.
    """


@pytest.mark.parametrize(
    ("docstring", "rest", "descriptions"),
    [
        (
            GOOGLE,
            "Tell the weather.\n\nOf one place.\n\nReturns:\n    A text.",
            {"place": "Where, in words.", "days": "How many: up to 7.", "more": "Others."},
        ),
        (
            NUMPY,
            "Tell the weather.\n\nOf one place.\n\nReturns\n-------\nstr\n    A text.",
            {"place": "Where, in words.", "days": "How many.", "more": "How many."},
        ),
        (
            SPHINX,
            "Tell the weather.\n\nOf one place.\n\n:returns: A text.",
            {"place": "Where, in words.", "days": "How many."},
        ),
        ("Only this.", "Only this.", {}),
        ("\nArgs:\n    a: The first.", None, {"a": "The first."}),
        ("Parameters\n----------\na\n    The first.", None, {"a": "The first."}),
        ("Parameters", "Parameters", {}),
        ("", None, {}),
        (None, None, {}),
    ],
    ids=["google", "numpy", "sphinx", "plain", "google alone", "numpy alone", "one word", "empty", "none"],
)
def test_the_sections_about_parameters_are_separated_from_the_rest(docstring, rest, descriptions):
    assert split_docstring(docstring) == (rest, descriptions)
