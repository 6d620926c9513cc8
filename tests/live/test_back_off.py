# SPDX-License-Identifier: MIT
"""When another link is tried."""

import pytest

from appliance.live import link
from appliance.live.close_codes import Next


@pytest.mark.parametrize("next_", [Next.RETRY, Next.RETRY_ONCE, Next.RETRY_FRESH])
def test_the_back_off_doubles_from_half_a_second_to_half_a_minute(next_):
    limits = [link.back_off_s(next_, attempts, 1.0) for attempts in range(1, 9)]
    assert limits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert link.back_off_s(next_, 10**9, 1.0) == 30.0


@pytest.mark.parametrize("attempts", [1, 2, 7, 100])
def test_the_whole_back_off_is_left_to_chance(attempts):
    most = link.back_off_s(Next.RETRY, attempts, 1.0)
    assert link.back_off_s(Next.RETRY, attempts, 0.0) == 0.0
    assert link.back_off_s(Next.RETRY, attempts, 0.25) == most / 4


def test_a_quota_is_waited_for_and_a_fatal_loss_waits_for_somebody_to_ask():
    for attempts in (1, 5, 50):
        assert link.back_off_s(Next.BACK_OFF, attempts, 0.0) == 30.0
        assert link.back_off_s(Next.FATAL, attempts, 0.0) is None
