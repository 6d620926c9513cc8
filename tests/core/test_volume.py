# SPDX-License-Identifier: MIT
"""How loud it is: in steps an ear takes for even, within limits."""

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.talk_mode import HOLD
from appliance.core.volume import Volume
from tests.core.box import LIMITS, idle, speaking


def gains(box):
    return [effect.gain for effect in box.just_ordered(ef.SetGain)]


def test_a_step_up_and_a_step_down_lead_back():
    there = Volume(0.5).turned(1)
    assert there.gain == pytest.approx(0.5 * 10 ** (3 / 20))
    assert there.turned(-1).gain == pytest.approx(0.5)


@pytest.mark.parametrize("percent", [0, 1, 37, 50, 99, 100])
@pytest.mark.parametrize("limit", [0.1, 1.0, 4.0])
def test_per_cents_are_what_was_set_whatever_the_limit(percent, limit):
    assert Volume(limit, limit).set_to(percent).percent == percent


def test_steps_are_even_in_per_cents():
    volume = Volume()
    seen = [volume.percent]
    while volume.percent:
        volume = volume.turned(-1)
        seen.append(volume.percent)
    steps = [above - below for above, below in zip(seen, seen[1:], strict=False)]
    assert max(steps[:-1]) - min(steps[:-1]) <= 1


@pytest.mark.parametrize("steps", [1, 50, 10**9])
def test_nothing_is_louder_than_the_limit(steps):
    assert Volume(0.5, limit=2.0).turned(steps + 20).gain == 2.0
    assert Volume(0.5, limit=2.0).set_to(101).gain == 2.0


@pytest.mark.parametrize("steps", [-50, -(10**9)])
def test_the_quietest_can_still_be_heard(steps):
    assert Volume().turned(steps).gain == pytest.approx(0.01)
    assert Volume().set_to(-5).gain == pytest.approx(0.01)
    assert Volume().turned(steps).percent == 0


def test_silence_as_configured_is_left_by_the_first_step():
    silent = Volume(gain=0.0)
    assert silent.percent == 0
    assert silent.turned(1).gain > 0.01


def test_turning_changes_the_gain_of_what_is_played_at_once():
    box = speaking().tell(ev.VolumeTurned(-2))
    assert gains(box) == [box.conversation.volume.gain]
    assert box.conversation.volume.gain == pytest.approx(10 ** (-6 / 20))
    assert box.conversation.answer


def test_a_number_of_per_cents_is_an_order_too():
    box = idle().tell(ev.VolumeSet(50))
    assert gains(box) == [pytest.approx(0.1)]
    assert box.conversation.volume.percent == 50


def test_another_configuration_brings_its_volume():
    box = idle().tell(ev.VolumeSet(50))
    box.tell(ev.ConfigChanged(LIMITS, HOLD, False, Volume(0.3, 0.5)))
    assert gains(box) == [0.3]
    assert box.tell(ev.VolumeTurned(9)).conversation.volume.gain == 0.5
