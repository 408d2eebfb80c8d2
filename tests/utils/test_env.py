"""Environment variables."""

from ai_lib.utils.env import first_set


def test_the_first_variable_that_is_not_blank_is_returned(monkeypatch):
    monkeypatch.setenv("AI_LIB_TEST_A", "  ")
    monkeypatch.setenv("AI_LIB_TEST_B", " value ")
    monkeypatch.setenv("AI_LIB_TEST_C", "other")

    assert first_set(["AI_LIB_TEST_A", "AI_LIB_TEST_B", "AI_LIB_TEST_C"]) == ("AI_LIB_TEST_B", "value")


def test_without_a_variable_there_is_none(monkeypatch):
    monkeypatch.delenv("AI_LIB_TEST_A", raising=False)

    assert first_set(["AI_LIB_TEST_A"]) is None
