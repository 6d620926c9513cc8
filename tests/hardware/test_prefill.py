# SPDX-License-Identifier: MIT
"""How much must be there before an answer begins follows how answers arrive."""

import pytest

from appliance.hardware.prefill import Arrivals, Prefill

PERIOD_S = 0.04


def arrivals(*parts: tuple[float, float]) -> Arrivals:
    """Of parts that came (at, so long)."""
    heard = Arrivals(parts[0][0])
    for at, length_s in parts:
        heard = heard.add(at, length_s)
    return heard


def test_an_answer_that_was_always_there_in_time_needed_nothing():
    assert arrivals((5.0, 0.1), (5.1, 0.1), (5.15, 0.1)).needed_s == 0


def test_a_part_that_was_late_would_have_needed_what_was_there_before_the_delay():
    heard = arrivals((5.0, 0.04), (5.02, 0.04), (5.03, 0.04), (5.2, 0.04))
    assert heard.delay_s == pytest.approx(0.08)
    assert heard.needed_s == pytest.approx(0.12)


def test_nothing_would_have_been_enough_for_a_pause_of_a_second():
    heard = arrivals((5.0, 0.04), (6.0, 0.04))
    assert heard.needed_s is None
    assert Prefill(0.1, PERIOD_S).after(heard) == Prefill(0.1, PERIOD_S)


def test_an_uneven_answer_raises_it_at_once_and_with_a_margin():
    heard = arrivals((5.0, 0.2), (5.35, 0.04))
    assert Prefill(0.1, PERIOD_S).after(heard).now_s == pytest.approx(0.24)


def test_even_answers_lower_it_little_by_little_down_to_a_period():
    prefill, even = Prefill(0.3, PERIOD_S), arrivals((5.0, 1.0))
    once = prefill.after(even)
    assert 0.2 < once.now_s < 0.3
    for _ in range(100):
        prefill = prefill.after(even)
    assert prefill.now_s == PERIOD_S


def test_an_underrun_doubles_it_for_the_rest_of_the_answer_up_to_half_a_second():
    prefill = Prefill(0.1, PERIOD_S)
    raised = [(prefill := prefill.underran()).now_s for _ in range(4)]
    assert raised == pytest.approx([0.2, 0.4, 0.5, 0.5])
    assert Prefill(0.8, PERIOD_S).underran().now_s == 0.8


def test_a_fixed_one_never_changes():
    fixed = Prefill(0.1)
    assert fixed.after(arrivals((5.0, 0.2), (5.35, 0.04))) == fixed
    assert fixed.underran() == fixed
