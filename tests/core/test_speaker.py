# SPDX-License-Identifier: MIT
"""The speaker as a value."""

from appliance.core.signals import Signal
from appliance.core.speaker import Answer, Speaker


def test_each_order_has_a_segment_of_its_own():
    speaker = Speaker(0.0).sound().play(1, 1.0, audible=True)
    assert speaker.segment == 2
    assert speaker.drain().segment == 3
    assert speaker.drop(2.0).segment == 3


def test_answer_with_sound_in_one_part_is_audible():
    speaker = Speaker(0.0).play(1, 1.0, audible=True).play(1, 2.0, audible=False)
    assert speaker.answer == Answer(1, arrived_at=2.0, audible=True)


def test_answer_that_is_played_out_keeps_what_is_to_be_told_then():
    answer = Speaker(0.0).play(1, 1.0, audible=True).drain(Signal.LOST).answer
    assert answer == Answer(1, 1.0, True, draining=True, aftermath=Signal.LOST)


def test_the_room_sounds_on_for_a_moment_after_the_speaker():
    assert Speaker(None).fall_silent(1.0).quiet_since == 1.1
    assert Speaker(None).drop(1.0).quiet_since == 1.1
    assert Speaker(0.5).drop(1.0).quiet_since == 0.5


def test_what_waits_for_a_speaker_out_of_order_is_given_up_after_a_minute():
    assert Speaker(0.0).given_up_at == float("inf")
    assert Speaker(0.0, failed_at=5.0).given_up_at == 65
