"""Recordings: nothing secret in them, and nothing missing."""

import json
import stat
import threading

import pytest

from ai_lib import ConfigurationError, ConnectionOptions, RateLimitError, StreamInterruptedError
from ai_lib.errors import ConnectionLostError
from ai_lib.testing import (
    Cassette,
    FakeClock,
    MockServer,
    ScriptedTransport,
    UnexpectedRequestError,
    cut,
    error,
    raw,
    text,
)
from ai_lib.transport import HttpRequest
from tests.support.clients import client_with_transport, every_api

KEY = "canary-7f3a/91+c2"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cassettes" / "one.json"


def recorded(file, *script, api="openai_chat", **settings):
    return client_with_transport(api, Cassette(file, "record", ScriptedTransport(*script)), key=KEY, **settings)


def replayed(file, api="openai_chat", **settings):
    return client_with_transport(api, Cassette(file, "replay"), key="another-key", **settings)


@every_api
def test_a_recording_is_replayed_without_an_inner_transport(api, file):
    first = recorded(file, "Hello!", api=api).chat("Hi")

    again = replayed(file, api=api).chat("Hi")

    assert (again.text, again.usage, again.raw) == ("Hello!", first.usage, first.raw)


@every_api
def test_a_stream_is_replayed_in_its_recorded_pieces(api, file):
    first = [chunk.text for chunk in recorded(file, "one two three", api=api).stream("Hi")]

    again = [chunk.text for chunk in replayed(file, api=api).stream("Hi")]

    assert (again, [piece for piece in again if piece]) == (first, ["one", " two", " three"])


def test_an_interrupted_stream_is_interrupted_again_in_the_replay(file):
    with pytest.raises(StreamInterruptedError):
        recorded(file, cut(after="Once upon")).stream("Hi").final_response()

    with pytest.raises(StreamInterruptedError) as caught:
        replayed(file).stream("Hi").final_response()

    assert caught.value.partial.text == "Once upon"


def test_a_stream_that_is_closed_early_is_recorded_as_far_as_it_was_read(file):
    stream = recorded(file, "one two three").stream("Hi")
    next(chunk for chunk in stream if chunk.text)
    stream.close()

    with pytest.raises(StreamInterruptedError) as caught:
        replayed(file).stream("Hi").final_response()

    assert caught.value.partial.text == "one"


def test_equal_requests_get_their_responses_in_recorded_order(file):
    recorded(file, error(429, message="slow"), "Hello", clock=FakeClock().clock()).chat("Hi")
    again = replayed(file, options={"max_retries": 0})

    with pytest.raises(RateLimitError, match="slow"):
        again.chat("Hi")
    assert again.chat("Hi").text == "Hello"
    with pytest.raises(UnexpectedRequestError, match="2 times, and it was sent once more"):
        again.chat("Hi")


@every_api
def test_no_key_is_on_a_cassette(api, file):
    recorded(file, "Hello", api=api).chat("Hi")

    assert KEY not in file.read_text() + json.dumps(json.loads(file.read_text()))
    assert "authorization" not in file.read_text().lower()


@pytest.mark.parametrize("echoed", [KEY, KEY.replace("/", "\\/"), "canary-7f3a%2F91%2Bc2", f"Bearer {KEY}"])
def test_a_key_that_the_server_repeats_is_not_on_the_cassette(file, echoed):
    body = b'{"error": {"message": "wrong key %s!"}}' % echoed.encode()
    headers = {"content-type": "application/json", "x-debug": echoed, "set-cookie": "session=of-somebody"}

    with pytest.raises(Exception, match="wrong key"):
        recorded(file, raw(401, headers, body)).chat("Hi")

    content = file.read_text()
    assert "canary" not in content
    assert "of-somebody" not in content
    assert "wrong key ****" in content or "wrong key Bearer ****" in content


def test_a_key_split_across_two_pieces_of_a_stream_is_not_on_the_cassette(file):
    halves = [
        b'data: {"x": "' + KEY[:9].encode(),
        KEY[9:].encode() + b'"}\n\n',
        "data: ü\n\n".encode()[:-3],
        b"\xbc\n\n",
    ]
    sent = HttpRequest(url="https://x/v1/chat", headers={"X-Api-Key": KEY}, body=b"{}")

    stream = Cassette(file, "record", Pieces(halves)).stream(sent)
    arrived = list(stream)

    again = list(Cassette(file).stream(sent))
    assert (arrived, list(map(len, again))) == (halves, list(map(len, halves)))
    assert KEY[:9] not in file.read_text()
    assert KEY[9:] not in file.read_text()


class Pieces:
    def __init__(self, pieces):
        self.status, self.headers, self.pieces = 200, {"content-type": "text/event-stream"}, pieces

    def stream(self, request):
        return self

    def __iter__(self):
        return iter(self.pieces)

    def finish(self):
        return

    send = cancel = close = finish


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"https://x/v1/models?key={KEY.replace('+', '%2B')}&page=2", {}),
        (f"https://x/v1/models?page=2&X-Amz-Signature={KEY.replace('+', '%2B')}", {}),
        ("https://user:canary-7f3a%2F91%2Bc2@x/v1/models?page=2", {}),
        ("https://x/v1/models?page=2", {"Cookie": f"a=b; session={KEY}"}),
        ("https://x/v1/models?page=2", {"Ocp-Apim-Subscription-Key": KEY}),
    ],
)
def test_no_secret_of_an_address_or_a_header_is_recorded(file, url, headers):
    inner = ScriptedTransport(raw(200, body=f"you sent {KEY}"))

    Cassette(file, "record", inner).send(HttpRequest(method="GET", url=url, headers=headers))

    assert "canary" not in file.read_text()
    assert "page=2" in file.read_text()


@pytest.mark.parametrize("before", ["key: ", "key:\n", "KEY\t", "KEY_"])
@pytest.mark.parametrize("prefix", ["sk-proj-", "github_pat_", "gho_", "xoxb-", "eyJhbGciOiJIUzI1NiJ9."])
def test_what_looks_like_a_key_is_masked_wherever_it_stands(file, before, prefix):
    found = prefix + "a1B2c3D4e5F6g7H8" + ".signature"
    with recorded(file, text(before + found, chunks=[before + found])) as client:
        client.stream(before + found).final_response()
    with recorded(file, before + found) as client:
        client.chat(before + found)

    assert found[:20] not in file.read_text()


def test_what_looks_like_a_key_is_masked_in_requests_and_responses(file):
    recorded(file, raw(401, body={"error": {"message": "Incorrect API key: sk-proj-abcdefghijklmnopqrstuvwxyz"}}))
    client = recorded(file, "the key is sk-proj-abcdefghijklmnopqrstuvwxyz, they say")

    client.chat("Hi")

    assert "abcdefghij" not in file.read_text()


def test_headers_that_only_sound_secret_are_recorded(file):
    headers = {"content-type": "application/json", "X-RateLimit-Remaining-Tokens": "7", "retry-after": "3"}
    recorded(file, raw(429, headers, "{}"), "Hi", clock=FakeClock().clock()).chat("Hi")

    kept = json.loads(file.read_text())["exchanges"][0]["response"]["headers"]

    assert kept == {"content-type": "application/json", "x-ratelimit-remaining-tokens": "7", "retry-after": "3"}


def test_a_cassette_is_readable_text_that_only_its_owner_can_open(file):
    recorded(file, "Grüße!").chat("Hi")

    content = json.loads(file.read_text())
    (exchange,) = content["exchanges"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert content["version"] == 1
    assert exchange["request"]["body"]["json"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert "Grüße!" in file.read_text()
    assert list(file.parent.iterdir()) == [file]


def test_requests_match_regardless_of_field_order_and_server(file):
    ask = [("https://a/v1/x?b=2&a=1", b'{"p": 1, "q": [2]}'), ("http://b:8/v1/x?a=1&b=2", b'{"q":[2],"p":1}')]
    (first, body), (second, other) = ask
    Cassette(file, "record", ScriptedTransport(raw(body="hi"))).send(HttpRequest(url=first, body=body))

    assert Cassette(file, "replay").send(HttpRequest(url=second, body=other)).body == b"hi"


def test_a_body_that_is_not_json_is_matched_and_replayed_exactly(file):
    sent = HttpRequest(url="https://x/v1/files", body=b"\x00\xff\x80")
    Cassette(file, "record", ScriptedTransport(raw(body=b"\xfe\x00"))).send(sent)

    assert Cassette(file, "replay").send(sent).body == b"\xfe\x00"


def test_a_missing_request_is_an_error_that_names_the_difference_to_the_closest_one(file):
    client = recorded(file, "Hello", "Bonjour")
    client.chat("Say hello")
    client.chat("Something else altogether", temperature=0.5)

    with pytest.raises(UnexpectedRequestError, match=r'messages\[0\]\.content: recorded "Say hello", sent "Say hallo"'):
        replayed(file).chat("Say hallo")


def test_a_key_that_occurs_in_the_prompt_does_not_prevent_a_match(file):
    recorded(file, "Hello").chat("Is this a question?")

    again = client_with_transport("openai_chat", Cassette(file), key="question")

    assert again.chat("Is this a question?").text == "Hello"


def test_auto_mode_records_without_a_file_and_replays_with_one(file):
    first, second = ScriptedTransport("recorded"), ScriptedTransport("never asked")

    client_with_transport("openai_chat", Cassette(file, inner=first)).chat("Hi")
    answer = client_with_transport("openai_chat", Cassette(file, inner=second)).chat("Hi")

    assert (answer.text, second.requests) == ("recorded", [])


def test_replaying_without_a_file_is_an_error_that_says_how_to_record_one(file):
    with pytest.raises(ConfigurationError, match=r'cassette .*one\.json does not exist; record it with mode="record"'):
        Cassette(file, "replay")


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "is not a cassette"), ("{", "is not a cassette"), ('{"version": 9, "exchanges": []}', "has version 9")],
)
def test_a_file_that_is_not_a_cassette_is_rejected(tmp_path, content, message):
    (tmp_path / "x.json").write_text(content)

    with pytest.raises(ConfigurationError, match=message):
        Cassette(tmp_path / "x.json")


def test_an_unknown_mode_is_rejected(file):
    with pytest.raises(ConfigurationError, match="'auto', 'record' or 'replay', got 'play'"):
        Cassette(file, "play")


def test_the_error_of_an_empty_cassette_says_that_it_is_empty(tmp_path):
    (tmp_path / "x.json").write_text('{"version": 1, "exchanges": []}')

    with pytest.raises(UnexpectedRequestError, match="it is empty"):
        replayed(tmp_path / "x.json").chat("Hi")


def test_threads_record_every_exchange(file):
    client = recorded(file, *map(str, range(24)))
    barrier = threading.Barrier(8)

    def ask(number):
        barrier.wait()
        for turn in range(3):
            client.chat(f"{number}-{turn}")

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(json.loads(file.read_text())["exchanges"]) == 24


def test_real_traffic_is_recorded_through_the_default_transport(file, tmp_path):
    with MockServer(text("over a socket"), text("as a stream")) as server:
        options = {"base_url": server.base_url("openai")}
        with Cassette(file) as cassette:
            live = client_with_transport("openai_chat", cassette, options=options)
            live.chat("Hi")
            live.stream("Hi").final_response()

    again = client_with_transport("openai_chat", Cassette(file), options=options)

    assert (again.chat("Hi").text, again.stream("Hi").final_response().text) == ("over a socket", "as a stream")


def test_requests_match_regardless_of_the_clients_options(file):
    recorded(file, "Hello").chat("Hi")

    other = ConnectionOptions(api_key="another-key", headers={"X-Team": "search"})

    assert replayed(file).with_options(other).chat("Hi").text == "Hello"


def test_an_interrupted_stream_replayed_as_a_complete_response_is_a_lost_connection(file):
    sent = HttpRequest(url="https://x/v1/chat/completions", body=b'{"stream": true}')
    with pytest.raises(ConnectionLostError):
        list(Cassette(file, "record", ScriptedTransport(cut(after="Once"))).stream(sent))

    with pytest.raises(ConnectionLostError):
        Cassette(file).send(sent)


def test_text_that_utf8_cannot_encode_is_recorded(file):
    sent = HttpRequest(url="https://x/v1", body=rb'{"half": "\ud83d"}')
    Cassette(file, "record", ScriptedTransport(raw(body="hi"))).send(sent)

    assert Cassette(file).send(sent).body == b"hi"


def test_a_replay_holds_nothing_open(file):
    recorded(file, "Hello").chat("Hi")

    with Cassette(file) as cassette:
        assert repr(cassette) == f"Cassette({str(file)!r}, mode='replay')"
