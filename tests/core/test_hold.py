# SPDX-License-Identifier: MIT
"""What one hold of the button makes: press, tap, tail, limit, pre-roll."""

import random

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.signals import Earcon, Fault
from tests.core.box import (
    PERIOD_S,
    SOUND,
    STATES,
    Box,
    idle,
    listening,
    speaking,
    thinking,
)


@pytest.mark.parametrize("state", STATES)
def test_each_box_is_in_its_state(state):
    assert STATES[state]().state is state


@pytest.mark.parametrize("state", [State.IDLE, State.THINKING, State.SPEAKING])
def test_press_drops_playback_at_once_and_listens(state):
    box = STATES[state]().press()
    assert box.just_ordered(ef.DropPlayback)
    assert box.state is State.LISTENING


def test_press_within_the_tail_drops_playback_too():
    box = listening().release().hear(50)
    assert box.press().just_ordered(ef.DropPlayback)


def test_press_within_the_tail_goes_on_with_the_same_turn():
    box = listening().release().hear(150).press().hear(1000).release().hear(400)
    assert box.turns == ["open 1", "close 1"]
    assert box.wire.turns[-1].frames > 2 * 16_000


def test_answer_to_a_turn_resumed_within_the_tail_is_heard():
    box = listening().release().hear(50).press().hear(500).release().hear(400)
    assert box.tell(ev.AnswerAudio(SOUND)).just_ordered(ef.Play)


def test_second_press_without_a_release_is_a_bounce():
    box = listening().press()
    assert not box.just_ordered(ef.DropPlayback)
    assert box.hear(1000).release().hear(400).turns == ["open 1", "close 1"]


def test_press_after_the_tail_is_a_turn_of_its_own():
    assert idle().say().say().turns == ["open 1", "close 1", "open 2", "close 2"]


def test_release_without_a_press_does_nothing():
    assert not idle().forget().release().log


def test_second_release_does_not_make_the_tail_longer():
    box = idle().press().hear(1000).release().hear(100).release().hear(400)
    assert box.said[1] == 1200


def test_turn_opens_only_when_the_hold_has_lasted_min_hold():
    box = idle().press().hear(249)
    assert not box.turns
    assert box.hear(2 * PERIOD_S * 1000).turns == ["open 1"]


def test_audio_before_min_hold_is_kept():
    assert idle().say(300).said == (-300, 500)


def test_release_at_min_hold_exactly_is_a_turn():
    assert idle().say(250).turns == ["open 1", "close 1"]


@pytest.mark.parametrize("hold_ms", [0, 10, 100, 249])
def test_shorter_press_is_a_tap_and_sends_nothing(hold_ms):
    box = idle().press().hear(hold_ms).release()
    assert box.state is State.IDLE
    assert not box.hear(2000).turns
    assert not box.earcons


def test_tap_silences_the_answer_that_is_playing_to_its_end():
    box = speaking().tap()
    assert box.state is State.IDLE
    assert not box.forget().tell(ev.AnswerAudio(SOUND)).ordered(ef.Play)
    assert not box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).log


def test_tap_silences_the_answer_still_to_come():
    box = thinking().tap()
    assert box.state is State.IDLE
    box.forget().hear(1000).answer()
    assert not box.log


def test_answer_after_a_tap_is_heard():
    box = thinking().tap().hear(500).answer().say().answer()
    assert len(box.ordered(ef.Play)) == 1


def test_silence_that_a_tap_asked_for_is_no_failure():
    box = thinking().tap().wait(55)
    assert not box.earcons
    assert not box.ordered(ef.RenewLink)


def test_tap_takes_back_what_waits_for_the_link():
    box = Box().hear(500).say().tap().link_up().hear(1000)
    assert not box.turns


def test_tap_told_late_is_still_a_tap():
    """The loop may stall between the button and the core."""
    box = idle()
    pressed_at = box.now
    box.wait(1.0).tell(ev.TalkPressed(pressed_at), ev.TalkReleased(pressed_at + 0.1))
    assert box.state is State.IDLE
    assert not box.hear(1000).turns


@pytest.mark.parametrize("hold_ms", [300, 512, 1000, 1003, 2048])
def test_turn_ends_a_tail_after_the_release_to_the_frame(hold_ms):
    assert idle().say(hold_ms).said[1] == hold_ms + 200


def test_tail_shorter_than_a_period_is_trimmed():
    box = Box(tail_s=0.01).link_up().hear(1000).say()
    assert box.said[1] == 1010


def test_turn_closes_as_soon_as_the_tail_is_captured():
    box = idle().press().hear(1000).release()
    box.hear(199)
    assert box.turn_open
    assert not box.hear(PERIOD_S * 1000 + 1).turn_open


def test_release_told_after_its_tail_was_captured_closes_at_once():
    box = listening().release(ago_ms=400)
    assert not box.turn_open
    assert box.state is State.THINKING


def test_tail_is_not_lost_to_a_loop_that_stalled():
    box = listening()
    at = box.now
    periods = [box.tape.period(at + (i + 1) * PERIOD_S) for i in range(4)]
    box.wait(3.0).tell(ev.TalkReleased(at), *periods)
    assert box.said[1] == 1200


def test_first_word_is_not_lost_to_a_loop_that_stalled():
    box = idle()
    at = box.now
    box.pressed_at = at
    periods = [box.tape.period(at + (i + 1) * PERIOD_S) for i in range(24)]
    box.wait(3.1).tell(ev.TalkPressed(at), *periods).release(ago_ms=100).hear(400)
    assert box.said == (-300, 3200)


def test_microphone_that_dies_silently_does_not_keep_the_turn_open():
    box = listening().release().wait(1.5)
    assert box.turns == ["open 1", "close 1"]
    assert box.state is State.THINKING


def test_period_that_begins_after_the_tail_closes_the_turn_and_is_not_sent():
    box = listening().release().wait(0.5).forget().hear(200)
    assert not box.ordered(ef.SendAudio)
    assert box.turns == ["close 1"]


def test_microphone_with_the_longest_periods_is_not_taken_for_dead():
    box = Box(tail_s=0.0).link_up()
    box.press().wait(0.3).release().wait(0.51)
    box.tell(box.tape.period(box.now, frames=8192))
    assert box.said[1] == 300


def release(box):
    return box.release().hear(400)


def hold_limit(box):
    return box.hear(60_000)


def microphone_fault(box):
    return box.tell(ev.FaultRaised(Fault.MICROPHONE))


def stop(box):
    return box.tell(ev.StopRequested())


@pytest.mark.parametrize("way_out", [release, hold_limit, microphone_fault, stop])
def test_turn_closes_exactly_once_on_every_way_out(way_out):
    box = way_out(listening())
    assert box.turns == ["open 1", "close 1"]
    assert box.state is not State.LISTENING
    assert box.release().hear(1000).turns == ["open 1", "close 1"]


def test_hold_limit_cuts_to_the_frame_and_is_heard():
    box = idle().press().hear(60_200)
    assert box.said[1] == 60_000
    assert box.earcons == [Earcon.CUT_OFF]


def test_hold_limit_is_announced_five_seconds_ahead():
    box = idle().press().hear(54_900)
    assert box.pattern == "listening"
    assert box.hear(200).pattern == "listening-ends"


def test_release_just_before_the_hold_limit_is_no_cut_off():
    box = idle().press().hear(59_900).release().hear(400)
    assert box.said[1] == 60_000
    assert not box.earcons


def test_button_still_held_after_the_limit_is_not_listened_to():
    box = idle().press().hear(60_200).forget().hear(5000).release().hear(1000)
    assert not box.ordered(ef.SendAudio)
    assert box.answer().ordered(ef.Play)


def test_each_press_is_told_of_a_dead_microphone_however_soon_it_comes():
    box = idle().tell(ev.FaultRaised(Fault.MICROPHONE)).press().wait(0.5).release()
    box.wait(0.3).forget().press()
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.release().wait(2.0).state is State.IDLE


@pytest.mark.parametrize("seed", range(200))
def test_what_is_said_is_one_run_of_frames_however_wrong_the_instants_are(seed):
    dice = random.Random(seed)
    box, now = Box().link_up(), 0.0
    count = iter(range(1, 100))
    pressed_s, released_s = dice.uniform(0.5, 1.0), dice.uniform(1.3, 2.0)
    deeds = [(pressed_s, box.press), (released_s, box.release)]
    for number in count:
        taken_s = number * PERIOD_S
        arrives_s = max(now, taken_s + abs(dice.gauss(0, 0.05)))
        while deeds and deeds[0][0] <= arrives_s:
            at, deed = deeds.pop(0)
            box.wait(max(0.0, at - now))
            now = max(now, at)
            deed()
        box.wait(arrives_s - now)
        now = arrives_s
        stamp = box.now - arrives_s + taken_s + dice.uniform(-0.03, 0.1)
        box.tell(box.tape.period(stamp))
        if not deeds and box.state is State.THINKING:
            break
    (turn,) = box.wire.turns
    assert turn.closed
    assert abs(turn.frames / 16_000 - (released_s - pressed_s + 0.5)) < 0.3
