"""A file in which nothing changes unseen."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ai_lib.errors import ConfigurationError, RateLimitError
from ai_lib.metrics import AuditLog
from ai_lib.metrics import audit as module
from tests.support.observed_calls import SECRET, call_response, report_call

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def rewrite(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_every_call_is_a_line_of_a_good_chain(path):
    log = AuditLog(path, fsync=True)

    report_call(log)
    report_call(log, outcome="error", error=RateLimitError("", status=429))
    report_call(AuditLog(path))

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert AuditLog.verify(path) == 3
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert [line["previous"] for line in lines] == ["0" * 64, lines[0]["hash"], lines[1]["hash"]]
    assert lines[1]["error"] == {"class": "RateLimitError", "status": 429, "code": None}


def test_the_file_is_readable_for_its_owner_only(path):
    report_call(AuditLog(path))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_file_is_good(path):
    AuditLog(path)

    assert AuditLog.verify(path) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines.pop(2), "line 3 does not follow"),
        (lambda lines: lines.pop(0), "line 1 does not follow"),
        (lambda lines: lines.reverse(), "line 1 does not follow"),
        (lambda lines: lines.insert(1, lines[0]), "line 2 does not follow"),
        (lambda lines: lines.insert(1, b"{}\n"), "line 2 was changed"),
        (lambda lines: lines.append(lines.pop().replace(b"success", b"failure")), "line 5 was changed"),
        (lambda lines: lines.append(lines.pop()[:-20]), "line 5 was changed or cut short"),
    ],
)
def test_the_first_broken_line_is_named(path, change, message):
    log = AuditLog(path)
    for _ in range(5):
        report_call(log)

    rewrite(path, change)

    with pytest.raises(ValueError, match=message):
        AuditLog.verify(path)


def test_a_truncated_line_stays_and_a_new_chain_starts(path):
    log = AuditLog(path)
    report_call(log)
    rewrite(path, lambda lines: lines.append(lines.pop()[:-20]))

    report_call(log)

    lines = path.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[1])["number"] == 1
    with pytest.raises(ValueError, match="line 1 was changed or cut short"):
        AuditLog.verify(path)


def test_a_full_disk_leaves_no_half_of_a_line(path, monkeypatch):
    log = AuditLog(path)
    report_call(log)
    write = os.write
    room = iter([True])

    def full(file, data):
        if next(room, False):
            return write(file, bytes(data[:10]))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            report_call(log)
    report_call(log)

    assert AuditLog.verify(path) == 2


def test_content_stays_out(path):
    report_call(AuditLog(path), response=call_response())

    assert "Who am I" not in path.read_text()


def test_content_is_written_without_keys_if_requested(path):
    report_call(AuditLog(path, content=True), response=call_response())

    assert "Who am I" in path.read_text()
    assert SECRET not in path.read_text()
    assert AuditLog.verify(path) == 1


def test_64_threads_write_one_chain(path):
    log = AuditLog(path)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda _: report_call(log), range(320)))

    assert AuditLog.verify(path) == 320


def test_processes_write_one_chain(path):
    code = (
        "import sys; from ai_lib.metrics import AuditLog; from tests.support.observed_calls import report_call\n"
        "log = AuditLog(sys.argv[1])\n"
        "for _ in range(50): report_call(log)"
    )

    running = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT) for _ in range(4)]

    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert AuditLog.verify(path) == 200


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(ConfigurationError, match="audit log cannot be written"):
        AuditLog(tmp_path / "missing" / "audit.jsonl")
