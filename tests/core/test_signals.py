# SPDX-License-Identifier: MIT
"""The table of what a user sees and hears is complete and without doubles."""

import re

import pytest

from appliance.core.led_pattern import blinks
from appliance.core.signals import (
    FATAL_FAULTS,
    LINK_FAULTS,
    TABLE,
    Earcon,
    Fault,
    Signal,
    earcon_of,
    signal_of,
    worst,
)


def test_every_situation_has_a_row_in_the_order_of_the_enum():
    assert list(TABLE) == list(Signal)


def test_every_earcon_belongs_to_one_situation_or_to_two_with_the_same_cause():
    rows = {**TABLE}
    unheard, dead = rows.pop(Signal.UNHEARD), rows[Signal.MICROPHONE]
    assert (unheard.earcon, unheard.pattern) == (dead.earcon, dead.pattern)
    earcons = [row.earcon for row in rows.values() if row.earcon]
    # What the user asked for is no situation.
    assert sorted([*earcons, Earcon.NEW]) == sorted(Earcon)


def test_every_message_id_is_its_own_and_well_formed():
    ids = [row.message_id for row in TABLE.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", message_id) for message_id in ids)


def test_situations_look_different_unless_a_sound_or_the_advice_tells_them_apart():
    looks = {signal: row.pattern for signal, row in TABLE.items()}
    assert looks.pop(Signal.UNHEARD) == looks[Signal.MICROPHONE]
    assert looks.pop(Signal.LOST) == looks[Signal.NO_ANSWER]
    assert looks.pop(Signal.LINE_TOO_SLOW) == looks[Signal.NO_ANSWER]
    assert len(set(looks.values())) == len(looks)
    assert len({pattern.name for pattern in looks.values()}) == len(looks)


@pytest.mark.parametrize("signal", Signal)
def test_every_row_says_what_it_is_and_what_to_do(signal):
    row = TABLE[signal]
    assert row.situation
    assert row.led
    assert row.advice.endswith(".")


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_blinks_its_number_and_has_a_sound(fault):
    row = TABLE[signal_of(fault)]
    assert row.pattern == blinks(fault.value)
    assert row.led == f"{fault.value} blink{'s' * (fault.value > 1)}, pause"
    assert earcon_of(fault) is row.earcon


@pytest.mark.parametrize("count", range(1, 8))
def test_blinks_are_counted_and_end_in_a_pause(count):
    steps = blinks(count).steps
    assert sum(step.level == 1.0 for step in steps) == count
    assert steps[-1].level == 0.0
    assert steps[-1].for_s > 3 * max(step.for_s for step in steps[:-1])


@pytest.mark.parametrize("signal", Signal)
def test_every_pattern_can_be_shown(signal):
    steps = TABLE[signal].pattern.steps
    assert all(0 <= (step.level or 0) <= 1 for step in steps)
    assert all(step.for_s >= 0 <= step.fade_s for step in steps)
    assert len(steps) == 1 or sum(step.for_s + step.fade_s for step in steps) > 0.1


def test_fatal_faults_are_faults_of_the_link():
    assert FATAL_FAULTS < LINK_FAULTS
    assert Fault.MICROPHONE not in LINK_FAULTS
    assert Fault.SPEAKER not in LINK_FAULTS


def test_a_broken_microphone_is_shown_before_a_missing_network():
    assert worst(frozenset()) is None
    assert worst(frozenset({Fault.NETWORK, Fault.CLOCK})) is Fault.NETWORK
    assert worst(frozenset(Fault)) is Fault.MICROPHONE
    assert worst(LINK_FAULTS | {Fault.DAILY_LIMIT}) is Fault.DAILY_LIMIT


def test_each_fault_has_a_rank_and_nothing_else_has_one():
    ranked = {row.rank for row in TABLE.values() if row.rank is not None}
    assert len(ranked) == len(Fault)
    assert all(TABLE[signal_of(fault)].rank for fault in Fault)
