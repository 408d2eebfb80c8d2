"""The fixtures, and what importing the kit does not do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
CONFTEST = 'pytest_plugins = ["ai_lib.testing.plugin"]\n'


@pytest.fixture
def user(pytester):
    """Runs the tests of a user."""
    pytester.makeconftest(CONFTEST)

    def run(source):
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")

    return run


def test_four_tests_of_five_lines_each_run_without_a_network(user):
    user(
        """
        import pytest
        from ai_lib import AiClient, ConnectionOptions, StreamInterruptedError
        from ai_lib.testing import cut, error, tool_call

        OPTIONS = ConnectionOptions(api_key="x")

        def test_all(ai_script, ai_clock):
            script = ai_script("Hello", tool_call("f"), error(429, retry_after=60), "again", cut(after="Once"))
            client = AiClient("openai", options=OPTIONS, transport=script, clock=ai_clock.clock())
            assert client.chat("a").text == "Hello" and client.chat("b").tool_calls[0].name == "f"
            assert client.chat("c").text == "again" and ai_clock.waits == [60]
            with pytest.raises(StreamInterruptedError, match="."): client.stream("d").final_response()
        """
    ).assert_outcomes(passed=1)


def test_a_test_with_a_script_cannot_reach_the_network(user):
    ran = user(
        """
        from ai_lib import AiClient, ConnectionOptions

        def test_that_forgot_its_transport(ai_script):
            AiClient("openai", options=ConnectionOptions(api_key="x", disable_proxy=True)).chat("Hi")
        """
    )

    assert "NetworkBlockedError: the test tried to connect to 'api.openai.com'" in ran.stdout.str()


def test_the_server_answers_an_unchanged_program(user):
    user(
        """
        from ai_lib import quick_chat

        def test_echo(ai_server):
            assert quick_chat("Hi", provider="groq") == "Hi"
            assert ai_server.requests[0].prompt == "Hi"

        def test_script(ai_server):
            ai_server.script("Hello")
            assert quick_chat("Hi", provider="anthropic") == "Hello"
        """
    ).assert_outcomes(passed=2)


def test_a_server_whose_script_runs_out_fails_the_test(user):
    user(
        """
        import pytest
        from ai_lib import AiLibError, quick_chat

        def test_one_too_many(ai_server):
            ai_server.script("one")
            quick_chat("a", provider="groq")
            with pytest.raises(AiLibError):
                quick_chat("b", provider="groq")
        """
    ).assert_outcomes(passed=1, errors=1)


def test_the_network_is_open_again_after_the_test(user):
    user(
        """
        import socket
        CONNECT, LOOK_UP = socket.socket.connect, socket.getaddrinfo

        def test_a(ai_no_network):
            assert socket.socket.connect is not CONNECT

        def test_b():
            assert (socket.socket.connect, socket.getaddrinfo) == (CONNECT, LOOK_UP)
        """
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("api.example.com", 443)])
@pytest.mark.parametrize("how", ["connect", "connect_ex"])
def test_every_connection_to_another_machine_is_blocked(user, address, how):
    user(
        f"""
        import socket
        import pytest
        from ai_lib.testing import NetworkBlockedError

        def test_it(ai_no_network):
            with socket.socket() as one, pytest.raises(NetworkBlockedError, match={address[0]!r}):
                one.{how}({address!r})
            with pytest.raises(NetworkBlockedError):
                socket.getaddrinfo({address[0]!r}, 80)
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.1"])
def test_connections_to_this_machine_are_allowed(user, host):
    user(
        f"""
        import socket

        def test_it(ai_no_network):
            with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as one:
                if {host!r} != "127.8.9.1":
                    socket.create_connection(({host!r}, server.getsockname()[1])).close()
                assert one.connect_ex(({host!r}, 9)) >= 0
        """
    ).assert_outcomes(passed=1)


def test_the_blocks_of_the_document_that_are_tests_pass(user):
    blocks = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    tests = [block for block in blocks if "def test_" in block]

    ran = user("\n\n".join(tests))

    count = sum(block.count("def test_") for block in tests)
    assert count >= 5
    ran.assert_outcomes(passed=count)


def test_importing_the_test_kit_imports_neither_pytest_nor_the_client():
    code = "import sys, ai_lib.testing; print('pytest' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"


def test_importing_the_library_does_not_import_the_test_kit():
    code = "import sys, ai_lib; print([name for name in sys.modules if name.startswith('ai_lib.testing')])"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
