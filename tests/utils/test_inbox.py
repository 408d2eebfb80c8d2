"""Values handled one at a time."""

import pytest

from ai_lib.utils.inbox import Inbox


def test_a_value_put_in_while_another_is_handled_waits_for_it():
    seen = []

    def handle(value):
        if value == "first":
            inbox.put("second")
        seen.append(value)

    inbox = Inbox(handle)

    inbox.put("first")

    assert seen == ["first", "second"]


def test_a_value_put_in_during_a_pause_is_handled_with_the_next():
    seen = []
    inbox = Inbox(seen.append)

    with inbox.paused():
        inbox.put("first")
        before = list(seen)
    inbox.put("second")

    assert before == []
    assert seen == ["first", "second"]


def test_a_value_put_in_at_the_last_moment_is_handled():
    seen = []

    class Late(Inbox):
        late = True

        def __setattr__(self, name, value):
            if name == "_busy" and not value and seen and self.late:
                self.late = False
                self.put("late")
            super().__setattr__(name, value)

    inbox = Late(seen.append)

    inbox.put("first")

    assert seen == ["first", "late"]


def test_an_error_propagates_to_the_caller_and_the_next_value_is_handled():
    seen = []

    def handle(value):
        if value == "bad":
            raise ValueError(value)
        seen.append(value)

    inbox = Inbox(handle)

    with pytest.raises(ValueError, match="bad"):
        inbox.put("bad")
    inbox.put("good")

    assert seen == ["good"]
