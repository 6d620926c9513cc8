# SPDX-License-Identifier: MIT
"""What a hold, an open microphone and the pre-roll cover."""

from appliance.core.capture import Hold, OpenMicrophone, PreRoll
from appliance.core.events import PeriodCaptured
from tests.core.box import LIMITS

SECOND = bytes(32_000)


def test_hold_ends_at_the_limit_or_a_tail_after_the_release():
    assert Hold(10.0, 10.0).ends_at(LIMITS) == 70
    assert Hold(10.0, 10.0, released_at=12.0).ends_at(LIMITS) == 12.2
    assert Hold(10.0, 10.0, released_at=69.9).ends_at(LIMITS) == 70


def test_hold_ends_before_the_tail_once_the_user_has_stopped_talking():
    assert Hold(10.0, 10.0, released_at=12.0, until=12.1).ends_at(LIMITS) == 12.1


def test_open_microphone_knows_what_the_network_has_taken_and_what_not():
    pieces = tuple(bytes([n]) * 32_000 for n in range(4))
    microphone = OpenMicrophone(1, since=0.0, pieces=pieces, sent=3).take(pieces[0])
    assert (microphone.carried_s, microphone.behind_s) == (1, 3)
    assert microphone.unsent == pieces[3:]
    assert microphone.without_oldest().pieces == pieces[1:]


def test_audio_heard_before_the_microphone_was_opened_is_none_of_its_pieces():
    microphone = OpenMicrophone(1, since=0.0, pieces=(SECOND,), sent=1)
    assert microphone.take(bytes(bytearray(SECOND))) == microphone
    assert OpenMicrophone(1, since=0.0).take(SECOND).taken == 0


def test_on_the_next_link_an_open_microphone_sends_all_that_is_not_answered():
    microphone = OpenMicrophone(1, since=0.0, pieces=(SECOND, SECOND), sent=2, taken=1)
    again = microphone.leave_link()
    assert again.unsent == (SECOND, SECOND)
    assert again.excused_s == 1


def test_pre_roll_keeps_no_more_than_it_is_asked_to():
    pre_roll = PreRoll()
    assert pre_roll.ended_at == float("-inf")
    for second in range(5):
        pre_roll = pre_roll.add(PeriodCaptured(SECOND, float(second)), kept_s=2.5)
    assert [period.ended_at for period in pre_roll.periods] == [2, 3, 4]
    assert pre_roll.ended_at == 4
