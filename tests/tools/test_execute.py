"""Tool calls: validated first, run in parallel, and every failure reported to the model."""

import threading
import time
from enum import Enum

import attrs
import pytest

from ai_lib import CancelledError, Image, RequestTimeoutError, Tool, Toolbox, ToolCall, tool
from ai_lib.api import Call
from ai_lib.tools.execute import execute
from ai_lib.types.wire import Timeout


class Unit(Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


@attrs.define
class Place:
    city: str
    country: str = "FR"


def call_of(name, arguments="{}", call_id="c1"):
    return ToolCall(call_id, name, arguments)


def one(tools, name, arguments="{}", **settings):
    (done,) = execute([call_of(name, arguments)], Toolbox(tools), settings.pop("call", Call()), **settings)
    return done


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def test_the_result_has_the_id_and_name_of_the_call():
    done = one([add], "add", '{"a": 2}')

    assert (done.message.tool_call_id, done.message.name, done.message.text, done.message.is_error) == (
        "c1",
        "add",
        "3",
        False,
    )
    assert done.error is None


def test_arguments_are_converted_to_the_types_of_the_annotations():
    seen = []

    def weather(place: Place, unit: Unit = Unit.CELSIUS) -> str:
        seen.append((place, unit))
        return "sunny"

    one([weather], "weather", '{"place": {"city": "Paris"}, "unit": "f"}')

    assert seen == [(Place("Paris"), Unit.FAHRENHEIT)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("{", "not valid JSON"),
        ("[1]", "a JSON list, not an object"),
        ("{}", "a: missing"),
        ('{"a": "two"}', "a: "),
        ('{"a": 1, "c": 2}', "c: unknown"),
    ],
)
def test_invalid_arguments_never_call_the_function(arguments, reason):
    called = []

    def guarded(a: int) -> None:
        called.append(a)

    done = one([guarded], "guarded", arguments)

    assert called == []
    assert done.message.is_error
    assert done.message.text.startswith("Error: ")
    assert reason in done.message.text


def test_an_explicit_schema_is_enforced_where_annotations_are_missing():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}, "required": ["n"]}
    loose = Tool("loose", parameters=schema, function=lambda **given: given)

    assert one([loose], "loose", '{"n": 3}').message.text == '{"n":3}'
    assert "at most 3" in one([loose], "loose", '{"n": 4}').message.text


def test_a_schema_that_is_stricter_than_the_annotations_is_enforced():
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 3}}, "required": ["a"]}

    assert "at most 3" in one([Tool("add", parameters=schema, function=add)], "add", '{"a": 4}').message.text


def test_a_string_that_the_function_can_use_as_a_number_is_accepted():
    assert one([add], "add", '{"a": "2"}').message.text == "3"


def test_an_unknown_tool_is_reported_with_the_known_ones():
    assert one([add], "substract").message.text == "Error: there is no tool 'substract'; the tools are: add"


def test_an_exception_becomes_a_result_that_the_model_can_read():
    def broken() -> None:
        raise ValueError("no such city")

    done = one([broken], "broken")

    assert (done.message.text, done.message.is_error) == ("Error: ValueError: no such city", True)
    assert isinstance(done.error, ValueError)


def test_calls_run_in_parallel_and_results_keep_their_order():
    together = threading.Barrier(3, timeout=5)

    def meet(name: str) -> str:
        together.wait()
        return name

    done = execute([call_of("meet", f'{{"name": "{n}"}}', n) for n in "abc"], Toolbox([meet]), Call())

    assert [one.message.text for one in done] == ["a", "b", "c"]


def test_at_most_max_workers_tools_run_at_once():
    lock, running, most = threading.Lock(), 0, 0

    def busy() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    execute([call_of("busy", call_id=str(n)) for n in range(6)], Toolbox([busy]), Call(), max_workers=2)

    assert most == 2


def test_a_tool_that_hangs_times_out_and_the_others_are_kept():
    stop = threading.Event()

    def hang() -> None:
        stop.wait(10)

    before = time.monotonic()
    done = execute(
        [call_of("hang", call_id="1"), call_of("add", '{"a": 1}', "2")], Toolbox([hang, add]), Call(), timeout=0.2
    )
    took = time.monotonic() - before
    stop.set()

    assert [one.message.text for one in done] == ["Error: the tool did not answer within 0.2 s", "2"]
    assert took < 2


def test_the_deadline_of_the_call_ends_the_wait():
    stop = threading.Event()
    with pytest.raises(RequestTimeoutError):
        one([tool(name="hang")(lambda: stop.wait(10))], "hang", call=Call(Timeout(total=0.2)))
    stop.set()


def test_cancelling_the_call_ends_the_wait():
    stop, call = threading.Event(), Call().child()

    def hang() -> None:
        call.cancel()
        stop.wait(10)

    with pytest.raises(CancelledError):
        one([hang], "hang", call=call)
    stop.set()


def test_a_tool_that_waits_for_a_slot_does_not_start_after_a_cancellation():
    stop, call, started = threading.Event(), Call().child(), []

    def hang(name: str) -> None:
        started.append(name)
        call.cancel()
        stop.wait(10)

    calls = [call_of("hang", f'{{"name": "{name}"}}', name) for name in "ab"]
    with pytest.raises(CancelledError):
        execute(calls, Toolbox([hang]), call, max_workers=1)
    stop.set()
    for thread in threading.enumerate():
        if thread.name == "ai_lib tool":
            thread.join(5)

    assert len(started) == 1


@pytest.mark.parametrize(
    ("verdict", "reason"), [(False, "the user did not allow this call"), ("ask again tomorrow", "ask again tomorrow")]
)
def test_a_refused_call_does_not_run_and_the_model_is_told_why(verdict, reason):
    called = []

    def pay(amount: int) -> None:
        called.append(amount)

    done = one([pay], "pay", '{"amount": 5}', approve=lambda call: verdict)

    assert (called, done.message.text) == ([], f"Error: {reason}")


def test_approve_receives_the_call_and_lets_it_run():
    seen = []

    done = one([add], "add", '{"a": 1}', approve=lambda call: seen.append(call.arguments) or True)

    assert (seen, done.message.text) == ([{"a": 1}], "2")


def test_an_async_function_is_awaited():
    async def later(a: int) -> int:
        return a + 1

    assert one([later], "later", '{"a": 1}').message.text == "2"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (None, "null"),
        ({"a": [1, 2]}, '{"a":[1,2]}'),
        (Place("Paris"), '{"city":"Paris","country":"FR"}'),
    ],
)
def test_a_return_value_becomes_text(value, text):
    assert one([tool(name="give")(lambda: value)], "give").message.text == text


def test_an_image_is_returned_as_an_image():
    image = Image.from_bytes(b"\x89PNG\r\n\x1a\n", media_type="image/png")

    assert one([tool(name="draw")(lambda: image)], "draw").message.content == (image,)


def test_a_value_that_is_not_json_is_reported_as_an_error():
    def give():
        return object()

    assert "TypeError" in one([give], "give").message.text


def test_a_value_that_contains_itself_is_reported_as_an_error():
    circle: dict[str, object] = {}
    circle["self"] = circle

    assert "RecursionError" in one([tool(name="give")(lambda: circle)], "give").message.text


def test_half_a_surrogate_pair_is_sent_as_an_escape():
    assert one([tool(name="give")(lambda: "caf\udce9.txt é")], "give").message.text == "caf\\udce9.txt é"


def test_an_interrupt_is_raised_and_not_reported_to_the_model():
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one([interrupted], "interrupted")
