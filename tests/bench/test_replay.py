# SPDX-License-Identifier: MIT
"""The prefill that adapts, beside the fixed one, on modelled arrivals."""

from tests.bench.replay.replay import PATTERNS, PREFILLS, Outcome, replay


def both(pattern: str) -> tuple[Outcome, Outcome]:
    """Adaptive and fixed, the same answers."""
    return tuple(
        replay(PATTERNS[pattern], PREFILLS[kind], turns=200, seed=1)
        for kind in ("adaptive", "fixed")
    )


def test_where_answers_arrive_evenly_they_begin_sooner_and_without_a_gap():
    adaptive, fixed = both("steady, 4 x real time")
    assert adaptive.gaps == 0
    assert adaptive.wait_ms(50) < fixed.wait_ms(50) - 10


def test_a_line_slower_than_real_time_breaks_an_answer_only_while_it_is_new():
    adaptive, fixed = both("0.9 x real time")
    assert adaptive.gaps <= 3
    assert fixed.gaps > 100


def test_stalls_make_fewer_gaps():
    adaptive, fixed = both("stalls of 200 ms, 20 %")
    assert adaptive.gaps < fixed.gaps / 2
