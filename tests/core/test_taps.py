# SPDX-License-Identifier: MIT
"""Taps in a row, as a value."""

from appliance.core.taps import Taps


def test_taps_within_half_a_second_are_one_gesture():
    taps = Taps().add(1.0).add(1.5)
    assert (taps.count, taps.over_at) == (2, 2)


def test_a_tap_after_that_is_the_first_of_another_gesture():
    assert Taps().add(1.0).add(1.51).count == 1
