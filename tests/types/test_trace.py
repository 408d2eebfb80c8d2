"""The steps of a call."""

from ai_lib.types import Step, Trace


def test_a_trace_prints_its_steps_timings_and_adjustments():
    trace = Trace(
        steps=[Step("request", 0.0, {"provider": "groq", "model": None}), Step("retry", 0.5, {"waited": 0.2})],
        timings={"connect": 0.25, "queue": 0.0},
        adjustments=("seed: left out",),
    )

    assert str(trace).split("\n") == [
        "   0.000 s  request      provider=groq",
        "   0.500 s  retry        waited=0.2",
        "   0.250 s  spent on connect",
        "            adjusted: seed: left out",
    ]
    assert (len(trace), [step.kind for step in trace]) == (2, ["request", "retry"])
