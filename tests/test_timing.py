"""Code is timed in turns."""

import numpy as np
from acclimate.framework.evaluation.timing import WARM_UP, time_in_turns


def test_each_round_times_each_once_and_the_first_calls_do_not_count() -> None:
    order: list[str] = []
    calls = [lambda name=name: order.append(name) for name in "abc"]
    found = time_in_turns(calls, 0.0, (5, 9), np.random.default_rng(0))
    assert found.shape == (5, 3)
    assert order[: 3 * WARM_UP] == ["a"] * WARM_UP + ["b"] * WARM_UP + ["c"] * WARM_UP
    rounds = np.reshape(order[3 * WARM_UP :], (5, 3)).tolist()
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds)
    assert len({tuple(names) for names in rounds}) > 1


def test_rounds_end_at_the_most() -> None:
    assert len(time_in_turns([lambda: None], 60.0, (1, 4), np.random.default_rng(0))) == 4
