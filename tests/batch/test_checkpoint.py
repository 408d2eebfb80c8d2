"""The file of finished answers: what it keeps, whatever ends the process."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import ChatCompletionRequest, ChatCompletionResponse, Choice, ConfigurationError, Message
from ai_lib.batch.checkpoint import Checkpoint

HI = ChatCompletionRequest(messages="hi", model="m")


def answer(text):
    return ChatCompletionResponse(choices=(Choice(message=Message.assistant(text)),), model="m", raw={"id": 1})


@pytest.fixture
def opened():
    """Opens checkpoints, and closes them when the test is over."""
    made = []

    def open_one(path, provider="p http://x"):
        made.append(Checkpoint(path, provider))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def test_a_saved_response_is_loaded_again(opened, tmp_path):
    path = tmp_path / "run.jsonl"
    first = opened(path)
    first.save(first.key(HI), answer("hello"), Decimal("0.001"))
    first.close()

    again = opened(path)

    assert again.load(again.key(HI)) == (answer("hello"), Decimal("0.001"))
    assert again.load(again.key(HI)) is None  # the second equal request is another one
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_equal_requests_are_distinguished_by_their_order(opened, tmp_path):
    first = opened(tmp_path / "run.jsonl")
    for text in ("one", "two"):
        first.save(first.key(HI), answer(text), None)
    first.close()

    again = opened(tmp_path / "run.jsonl")

    assert [again.load(again.key(HI))[0].text for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize(
    "other", [ChatCompletionRequest(messages="hi", model="n"), ChatCompletionRequest(messages="hi", model="m", seed=1)]
)
def test_another_request_has_another_key(opened, tmp_path, other):
    checkpoint = opened(tmp_path / "run.jsonl")
    checkpoint.save(checkpoint.key(HI), answer("x"), None)

    assert checkpoint.load(checkpoint.key(other)) is None


def test_a_response_of_another_provider_is_not_loaded(opened, tmp_path):
    first = opened(tmp_path / "run.jsonl")
    first.save(first.key(HI), answer("x"), None)
    first.close()

    again = opened(tmp_path / "run.jsonl", "q http://y")

    assert again.load(again.key(HI)) is None


@given(cut=st.integers(0, 400))
def test_a_file_truncated_anywhere_keeps_its_whole_lines_and_is_continued(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "run.jsonl"
    requests = [ChatCompletionRequest(messages=str(n), model="m") for n in range(3)]
    with closing(Checkpoint(path, "p")) as first:
        for request in requests:
            first.save(first.key(request), answer(request.messages[0].text), None)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    left = path.read_bytes().count(b"\n") - 1

    with closing(Checkpoint(path, "p")) as again:
        keys = [again.key(request) for request in requests]
        found = [again.load(key) is not None for key in keys]
        again.save(keys[2], answer("anew"), None)
    with closing(Checkpoint(path, "p")) as last:
        kept = last.load(keys[2])

    assert found == [place < left for place in range(3)]
    assert kept is not None
    assert kept[0].text == "anew"


@pytest.mark.parametrize(
    "content", [b"hello\n", b'{"ai_lib":"batch","version":2}\n', b'{"ai_lib":"batch","version":1}\n{"key":1}\n']
)
def test_a_file_that_is_not_a_checkpoint_is_refused_and_not_changed(opened, tmp_path, content):
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"run\.jsonl, line \d: not an entry of a batch checkpoint"):
        opened(path)
    assert path.read_bytes() == content


def test_two_processes_do_not_write_one_file(opened, tmp_path):
    path = tmp_path / "run.jsonl"
    mine = opened(path)
    code = f"from ai_lib.batch.checkpoint import Checkpoint; Checkpoint({str(path)!r}, 'p')"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "another process is writing the checkpoint" in ran.stderr
    mine.close()


def test_a_path_that_cannot_be_written_is_refused(opened, tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be used: No such file or directory"):
        opened(tmp_path / "missing" / "run.jsonl")


def test_a_full_disk_is_noticed(opened, tmp_path, monkeypatch):
    checkpoint = opened(tmp_path / "run.jsonl")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    checkpoint.save(checkpoint.key(HI), answer("x"), None)

    assert checkpoint.failure is not None
    assert checkpoint.failure.strerror == "No space left on device"
