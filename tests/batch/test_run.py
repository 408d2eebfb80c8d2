"""The order, the bound and the end of a batch, without a client."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import BatchItem, BatchProgress, ConfigurationError
from ai_lib.batch.progress import progress_reporter
from ai_lib.batch.run import run


def never() -> bool:
    return False


def ignored(item) -> None:
    pass


def item(index):
    return BatchItem(index=index)


def indices(items):
    return [one.index for one in items]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5), st.booleans())
def test_every_request_yields_one_item_whether_or_not_it_is_known_already(known, max_concurrent, ordered):
    with ThreadPoolExecutor(max_concurrent) as pool:
        begins = (partial(item, n) if is_known else partial(pool.submit, item, n) for n, is_known in enumerate(known))
        came = indices(run(begins, max_concurrent=max_concurrent, ordered=ordered, should_stop=never, on_item=ignored))

    assert sorted(came) == list(range(len(known)))
    assert not ordered or came == sorted(came)


def test_a_slow_request_delays_its_successors_only_in_order():
    slow = Future()

    def begins():
        yield lambda: slow
        for n in range(1, 20):
            yield partial(item, n)

    free = run(begins(), max_concurrent=2, ordered=False, should_stop=never, on_item=ignored)
    first = [next(free).index for _ in range(10)]
    slow.set_result(item(0))

    assert first == list(range(1, 11))
    assert sorted(first + indices(free)) == list(range(20))


@pytest.mark.parametrize("ordered", [True, False])
def test_a_source_that_raises_loses_no_item_from_before(ordered):
    with ThreadPoolExecutor(3) as pool:

        def begins():
            for n in range(5):
                yield partial(pool.submit, item, n)
            raise OSError("the source broke")

        came = []
        items = run(begins(), max_concurrent=3, ordered=ordered, should_stop=never, on_item=ignored)
        with pytest.raises(OSError, match="the source broke"):
            came.extend(one.index for one in items)

    assert sorted(came) == [0, 1, 2, 3, 4]


def test_the_source_is_read_no_further_than_there_is_room():
    taken = 0

    def begins():
        nonlocal taken
        for n in range(1_000_000):
            taken += 1
            yield partial(item, n)

    items = run(begins(), max_concurrent=4, ordered=True, should_stop=never, on_item=ignored)
    for _ in range(100):
        next(items)

    assert taken <= 100 + 4 * 16 + 1


def test_a_slow_first_request_does_not_let_finished_items_pile_up():
    slow, begun = Future(), []

    def begins():
        for n in range(10_000):
            yield lambda n=n: slow if n == 0 else begun.append(n) or item(n)

    items = run(begins(), max_concurrent=4, ordered=True, should_stop=never, on_item=ignored)
    threading.Timer(0.3, lambda: slow.set_result(item(0))).start()
    first = next(items)

    assert first.index == 0
    assert len(begun) <= 4 * 16


def test_a_request_that_must_wait_is_started_when_others_have_ended():
    running, refusals = Future(), []

    def later():
        if not running.done():
            refusals.append(1)
            threading.Timer(0.01, lambda: running.set_result(item(0))).start()
            return None
        return item(1)

    came = indices(
        run(iter([lambda: running, later]), max_concurrent=4, ordered=True, should_stop=never, on_item=ignored)
    )

    assert came == [0, 1]
    assert len(refusals) == 1


def test_a_request_that_can_never_start_ends_the_run():
    assert indices(
        run(
            iter([partial(item, 0), lambda: None, partial(item, 2)]),
            max_concurrent=1,
            ordered=True,
            should_stop=never,
            on_item=ignored,
        )
    ) == [0]


def test_requests_that_have_not_started_are_cancelled_when_the_reader_stops():
    futures = [Future() for _ in range(3)]
    futures[0].set_result(item(0))
    items = run(
        (lambda n=n: futures[n] for n in range(3)), max_concurrent=3, ordered=True, should_stop=never, on_item=ignored
    )

    next(items)
    items.close()

    assert [future.cancelled() for future in futures[1:]] == [True, True]


def test_progress_adds_up():
    progress = BatchProgress(total=3)
    for one in (BatchItem(index=0, error=ValueError("x")), BatchItem(index=1)):
        progress = progress.after(one, 2.0)

    assert (progress.done, progress.failed, progress.total, progress.seconds) == (2, 2, 3, 2.0)


def test_a_bar_shows_the_cost(capsys):
    report, end = progress_reporter(True, 2)
    report(BatchProgress(done=1, total=2, unknown_costs=1, failed=1))
    end()

    told = capsys.readouterr().err
    assert "1/2" in told
    assert "$0.0000 + 1 unknown, 1 failed" in told


def test_without_tqdm_a_bar_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)

    with pytest.raises(ConfigurationError, match=r"ai-lib\[progress\]"):
        progress_reporter(True, 2)
