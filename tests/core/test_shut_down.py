# SPDX-License-Identifier: MIT
"""The volume-down button held for 8 s, and let go: the machine shuts down."""

from appliance.core import effects as ef
from appliance.core import events as ev
from tests.core.box import Box, idle


def armed() -> Box:
    return held(8.1)


def held(seconds, **limits) -> Box:
    box = Box(**({"shut_down_s": 8.0} | limits)).link_up()
    return box.tell(ev.VolumeHeld(box.now)).wait(seconds)


def let_go(box):
    return box.tell(ev.VolumeLetGo(box.now)).just_ordered(ef.PowerOff)


def test_letting_go_after_the_led_has_warned_shuts_down():
    box = armed()
    assert box.pattern == "shut-down"
    assert let_go(box) == [ef.PowerOff()]
    assert box.pattern == "idle"


def test_letting_go_before_that_is_a_press_like_any_other():
    box = held(7.9)
    assert box.pattern == "idle"
    assert let_go(box) == []
    assert box.wait(20).ordered(ef.PowerOff) == []


def test_holding_on_takes_it_back():
    box = armed().wait(10)
    assert box.pattern == "idle"
    assert let_go(box) == []


def test_one_gesture_shuts_down_once():
    box = armed()
    assert let_go(box)
    assert not let_go(box)


def test_it_is_off_unless_somebody_wants_it():
    box = idle().tell(ev.VolumeHeld(idle().now)).wait(60)
    assert box.pattern == "idle"
    assert not let_go(box)


def test_a_turn_goes_on_meanwhile():
    box = armed()
    box.press().hear(1000).release().hear(400)
    assert box.turns == ["open 1", "close 1"]


def test_letting_go_counts_when_it_was_not_when_it_is_told():
    box = armed()
    assert not box.tell(ev.VolumeLetGo(box.now - 0.2)).ordered(ef.PowerOff)


def test_holding_on_counts_too_when_it_is_told_late():
    box = armed()
    assert not box.tell(ev.VolumeLetGo(box.now + 10)).ordered(ef.PowerOff)
