# SPDX-License-Identifier: MIT
"""What to do is worded for the way the box is talked to."""

import re

import pytest

from appliance.core.advice import advice
from appliance.core.signals import TABLE, Signal
from appliance.core.talk_mode import TalkMode


@pytest.mark.parametrize("signal", Signal)
def test_the_table_is_worded_for_a_button_that_is_held(signal):
    assert advice(signal, TalkMode.HOLD) == TABLE[signal].advice


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("mode", [TalkMode.TOGGLE, TalkMode.HANDS_FREE])
def test_nobody_is_told_to_hold_or_let_go_of_a_button_that_is_only_pressed(
    mode, signal
):
    assert not re.search(r"\b(hold|let go|tap)\b", advice(signal, mode).lower())
    assert advice(signal, mode).endswith(".")
