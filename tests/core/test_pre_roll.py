# SPDX-License-Identifier: MIT
"""What is sent from before the press: never the speaker, never what was said."""

from appliance.core import events as ev
from appliance.core.signals import Fault
from tests.core.box import PERIOD_S, Box, idle, listening, speaking


def test_turn_begins_with_the_pre_roll():
    assert idle().say().said == (-300, 1200)


def test_pre_roll_is_what_the_microphone_has_if_that_is_less():
    box = Box().link_up().hear(PERIOD_S * 1000).say()
    assert box.said == (-PERIOD_S * 1000, 1200)


def test_audio_captured_while_the_speaker_sounded_is_no_pre_roll():
    assert speaking().hear(1000).say().said == (0, 1200)


def test_pre_roll_starts_when_the_room_is_silent_again():
    box = speaking().tell(ev.AnswerEnded()).hear(500).drain().hear(250)
    # 100 ms of the 250 ms still sounded.
    assert box.say().said == (-150, 1200)


def test_pre_roll_is_whole_again_after_a_while():
    box = speaking().tell(ev.AnswerEnded()).hear(500).drain().hear(400)
    assert box.say().said == (-300, 1200)


def test_sound_dropped_by_a_tap_is_no_pre_roll():
    assert speaking().tap().hear(100).say().said == (-100, 1200)


def test_earcon_is_no_pre_roll():
    box = idle().tell(ev.DevicesReady()).hear(500)
    assert box.say().said == (0, 1200)


def test_what_was_said_is_no_pre_roll_of_the_next_turn():
    box = Box(pre_roll_s=2.0).link_up().hear(3000)
    box.say(1000).hear(1000)
    # Released 1400 ms ago, and the tail was said, too.
    assert box.say().said == (-1200, 1200)


def test_hold_cut_by_a_microphone_fault_leaves_the_next_pre_roll_alone():
    box = listening().tell(ev.FaultRaised(Fault.MICROPHONE))
    box.tell(ev.FaultCleared(Fault.MICROPHONE))
    assert box.hear(500).drain().hear(1000).say().said == (-300, 1200)


def test_pre_roll_can_be_switched_off():
    assert Box(pre_roll_s=0).link_up().hear(1000).say().said == (0, 1200)
