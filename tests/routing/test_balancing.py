"""Load balancing: the shares of ten thousand picks, from one thread and from 64."""

import threading
import time
from collections import Counter

import pytest

from ai_lib import ConfigurationError, ModelEndpoint, ProviderError
from ai_lib.errors import CircuitOpenError
from ai_lib.routing import HealthCheck
from ai_lib.routing.balancing import Balancer, LoadBalancingStrategy
from ai_lib.routing.endpoint import EndpointState
from ai_lib.testing import FakeClock
from ai_lib.utils.clock import Clock

BAD = ProviderError("broken")
ALL = list(LoadBalancingStrategy)


def balancer_of(strategy, *weights, clock=None, check=None, **settings):
    endpoints = [ModelEndpoint(name=str(place), url="http://x", weight=weight) for place, weight in enumerate(weights)]
    states = [EndpointState(endpoint, check or HealthCheck()) for endpoint in endpoints]
    return Balancer(states, strategy, fail_open=settings.pop("fail_open", False), clock=clock or Clock(), **settings)


def picks(balancer, times=10_000):
    """Pick endpoints one after the other; each call ends at once."""
    counted = Counter()
    for _ in range(times):
        state = balancer.take()
        counted[state.endpoint.name] += 1
        balancer.ended(state, None, 0.1)
    return counted


@pytest.mark.parametrize("strategy", ALL)
def test_equal_endpoints_get_equal_shares(strategy):
    counted = picks(balancer_of(strategy, 1, 1, 1, 1))

    assert all(abs(counted[str(place)] - 2500) < 250 for place in range(4))


def test_weights_of_one_and_nine_give_shares_of_one_and_nine():
    counted = picks(balancer_of("weighted", 1, 9))

    assert counted == {"0": 1000, "1": 9000}


@pytest.mark.parametrize("strategy", ["round_robin", "random"])
def test_where_weights_do_not_count_shares_are_equal(strategy):
    counted = picks(balancer_of(strategy, 1, 9))

    assert abs(counted["0"] / 10_000 - 0.50) < 0.02


def test_round_robin_keeps_the_order():
    balancer = balancer_of("round_robin", 3, 1, 2)

    assert [balancer.take().endpoint.name for _ in range(7)] == ["0", "1", "2", "0", "1", "2", "0"]


@pytest.mark.parametrize("strategy", ALL)
def test_a_weight_of_zero_gets_nothing(strategy):
    balancer = balancer_of(strategy, 1, 0, 2)

    assert {balancer.take().endpoint.name for _ in range(500)} == {"0", "2"}


def test_weights_are_kept_smoothly():
    balancer = balancer_of("weighted", 5, 1, 1)

    order = [balancer.take().endpoint.name for _ in range(7)]

    assert order == ["0", "0", "1", "0", "2", "0", "0"]


@pytest.mark.parametrize("strategy", ALL)
def test_64_threads_lose_no_call_and_keep_the_shares(strategy):
    balancer = balancer_of(strategy, 1, 1, 1, 1)
    counted, lock, begin = Counter(), threading.Lock(), threading.Barrier(64)

    def work():
        begin.wait()
        for _ in range(157):
            state = balancer.take()
            with lock:
                counted[state.endpoint.name] += 1
            time.sleep(0.001)  # every endpoint is equally busy, however the system shares out time among threads
            balancer.ended(state, None, 0.1)

    threads = [threading.Thread(target=work) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counted.values()) == 64 * 157
    assert [status.in_flight for status in balancer.statuses()] == [0, 0, 0, 0]
    assert sum(status.calls for status in balancer.statuses()) == 64 * 157
    assert all(abs(counted[str(place)] - 2512) < 500 for place in range(4))


def test_least_connections_counts_what_runs_and_weighs_it():
    balancer = balancer_of("least_connections", 1, 3)

    running = Counter(balancer.take().endpoint.name for _ in range(40))

    assert running == {"0": 10, "1": 30}


def test_power_of_two_never_takes_the_busier_of_the_two_it_sees():
    balancer = balancer_of("power_of_two", 1, 1)

    for _ in range(100):
        balancer.take()

    assert [status.in_flight for status in balancer.statuses()] == [50, 50]


def test_health_based_prefers_the_faster_and_the_one_that_fails_less():
    time = FakeClock()
    balancer = balancer_of("health_based", 1, 1, 1, clock=time.clock(), check=HealthCheck(failures=100))
    outcomes = {"0": (None, 0.1), "1": (None, 0.4), "2": (BAD, 0.1)}

    counted = Counter()
    for _ in range(1000):
        state = balancer.take()
        counted[state.endpoint.name] += 1
        balancer.ended(state, *outcomes[state.endpoint.name])

    assert counted["0"] > 950
    assert counted["1"] >= 1
    assert counted["2"] >= 1


def test_health_based_spreads_calls_that_run_at_once():
    balancer = balancer_of("health_based", 1, 1)

    for _ in range(10):
        balancer.take()

    assert [status.in_flight for status in balancer.statuses()] == [5, 5]


def test_an_endpoint_is_skipped_after_failures_and_tried_again_later():
    time = FakeClock()
    balancer = balancer_of("round_robin", 1, 1, clock=time.clock(), check=HealthCheck(failures=3, cooldown=30.0))
    for _ in range(6):
        state = balancer.take()
        balancer.ended(state, BAD if state.endpoint.name == "0" else None, 0.1)

    meanwhile = picks(balancer, 100)
    time.now += 31
    after = picks(balancer, 100)

    assert meanwhile == {"1": 100}
    assert after["0"] == 50
    assert [status.why for status in balancer.statuses()] == ["traffic", "start"]


def test_with_probes_only_a_probe_brings_an_endpoint_back():
    time = FakeClock()
    check = HealthCheck(interval=10.0, failures=1, successes=2)
    balancer = balancer_of("round_robin", 1, 1, clock=time.clock(), check=check)
    balancer.ended(balancer.take(), BAD, 0.1)
    time.now += 1000

    before = balancer.statuses()[0].healthy
    balancer.probed("0", True)
    once = balancer.statuses()[0].healthy
    balancer.probed("0", True)
    twice = balancer.statuses()[0]

    assert (before, once, twice.healthy, twice.why) == (False, False, True, "probe")


def test_probes_that_fail_in_a_row_take_an_endpoint_out():
    balancer = balancer_of("round_robin", 1, 1, check=HealthCheck(interval=10.0, failures=3))

    for ok in (False, False, True, False, False):
        balancer.probed("0", ok)
    before = balancer.statuses()[0].healthy
    balancer.probed("0", False)

    assert (before, balancer.statuses()[0].healthy) == (True, False)


def test_without_healthy_endpoints_the_call_fails_or_passes_as_configured():
    closed, opened = balancer_of("round_robin", 1, 1), balancer_of("round_robin", 1, 1, fail_open=True)
    for balancer in (closed, opened):
        balancer.mark("0", False)
        balancer.mark("1", False)

    with pytest.raises(CircuitOpenError, match="no endpoint of the array is healthy"):
        closed.take()
    assert opened.take() is not None


def test_an_endpoint_whose_breaker_is_open_is_left_out():
    balancer = balancer_of("round_robin", 1, 1, usable=lambda state: state.endpoint.name == "1")

    assert picks(balancer, 10) == {"1": 10}


def test_tried_endpoints_are_not_chosen_again():
    balancer = balancer_of("round_robin", 1, 1)
    first = balancer.take()
    second = balancer.take([first])

    assert second is not first
    assert balancer.take([first, second]) is None


def test_a_bad_request_does_not_count_against_the_endpoint():
    from ai_lib import InvalidRequestError

    balancer = balancer_of("round_robin", 1, 1, check=HealthCheck(failures=1))
    for _ in range(4):
        balancer.ended(balancer.take(), InvalidRequestError("bad"), 0.1)

    assert [status.healthy for status in balancer.statuses()] == [True, True]


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "a", "url": None}, {"name": "a", "weight": -1}, {"name": "a", "weight": float("nan")}],
)
def test_an_invalid_endpoint_is_rejected(fields):
    with pytest.raises(ConfigurationError):
        ModelEndpoint(**{"url": "http://x", **fields})


@pytest.mark.parametrize("fields", [{"interval": 0}, {"timeout": -1}, {"failures": 0}, {"jitter": 2}])
def test_an_invalid_health_check_is_rejected(fields):
    with pytest.raises(ConfigurationError):
        HealthCheck(**fields)


def test_an_unknown_strategy_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match="least_connections"):
        balancer_of("fastest", 1)
