# SPDX-License-Identifier: MIT
"""Whose answer sounds, and when the speaker falls silent."""

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.signals import Earcon, Fault
from tests.core.box import SOUND, Box

AUDIO, GENERATED, ENDED = ev.AnswerAudio(SOUND), ev.AnswerGenerated(), ev.AnswerEnded()
INTERRUPTED = ev.AnswerInterrupted()


def asked():
    return Box().link_up().hear(1000).say().hear(500)


def speaking():
    return asked().tell(AUDIO)


def test_answer_is_played_as_it_arrives_and_played_out_at_its_end():
    box = asked().forget().tell(AUDIO, AUDIO, ENDED)
    segment = box.conversation.speaker.segment
    assert [effect for _, effect in box.log] == [
        ef.Play(SOUND),
        ef.Play(SOUND),
        ef.Drain(segment),
    ]


def test_speaking_lasts_until_the_queue_is_drained_not_until_the_turn_is_complete():
    box = speaking().tell(GENERATED, ENDED)
    assert box.state is State.SPEAKING
    assert box.pattern == "speaking"
    assert box.drain().state is State.IDLE


@pytest.mark.parametrize("end", [GENERATED, ENDED])
def test_the_end_of_an_answer_drops_no_audio(end):
    assert not speaking().tell(end).just_ordered(ef.DropPlayback)


def test_answer_is_drained_only_once():
    assert len(speaking().tell(GENERATED, ENDED).ordered(ef.Drain)) == 1


def test_audio_after_the_generation_was_complete_is_played_too():
    box = speaking().tell(GENERATED).forget().tell(AUDIO, ENDED)
    assert [type(effect) for _, effect in box.log] == [ef.Play, ef.Drain]
    assert box.drain().state is State.IDLE


def test_audio_after_the_queue_was_drained_is_played_too():
    box = speaking().tell(GENERATED).drain()
    assert box.tell(AUDIO).state is State.SPEAKING
    assert box.tell(ENDED).drain().state is State.IDLE


def test_end_that_comes_after_the_queue_was_drained_is_not_told():
    box = speaking().tell(GENERATED).drain().hear(3000).tell(ENDED)
    assert box.state is State.IDLE
    assert box.conversation.between_turns
    assert not box.earcons


def test_answer_nobody_asked_for_is_not_played():
    box = Box().link_up().forget().tell(AUDIO, GENERATED, INTERRUPTED, ENDED)
    assert not box.log


def test_answer_may_end_in_silence_only_once():
    assert asked().tell(ENDED, ENDED).earcons == [Earcon.NO_ANSWER]


def test_turn_that_ends_without_audio_is_told():
    box = asked().tell(GENERATED, ENDED)
    assert box.earcons == [Earcon.NO_ANSWER]
    assert box.pattern == "triple-blink"
    assert box.state is State.IDLE
    assert box.wait(2).pattern == "idle"
    assert not box.ordered(ef.RenewLink)


def test_drain_of_something_older_is_ignored():
    box = speaking().tell(GENERATED)
    stale = box.conversation.speaker.segment
    box.tell(AUDIO, ev.PlaybackDrained(stale, box.now))
    assert box.state is State.SPEAKING


def test_drain_told_after_a_press_is_ignored():
    box = speaking().tell(ENDED)
    stale = box.conversation.speaker.segment
    box.press().tell(ev.PlaybackDrained(stale, box.now)).hear(1000).release().hear(400)
    box.tell(AUDIO, ev.PlaybackDrained(stale, box.now))
    assert box.state is State.SPEAKING


def test_drain_of_the_answer_before_does_not_end_the_next_one():
    box = speaking().tell(ENDED)
    stale = box.conversation.speaker.segment
    box.say().tell(AUDIO, ENDED, ev.PlaybackDrained(stale, box.now))
    assert box.state is State.SPEAKING


def test_earcon_within_an_answer_does_not_end_it():
    box = speaking().tell(ev.DevicesReady()).drain()
    assert box.state is State.SPEAKING
    assert box.tell(ENDED).drain().state is State.IDLE


def test_earcon_alone_does_not_make_the_box_speak():
    assert Box().tell(ev.DevicesReady()).state is State.IDLE


def test_answer_that_stalls_is_played_out_and_told_and_the_link_renewed():
    box = speaking().hear(9900)
    assert not box.ordered(ef.Drain)
    box.hear(100)
    assert box.ordered(ef.Drain)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]
    assert len(box.conversation.owed) == 0
    assert box.state is State.SPEAKING
    assert not box.earcons
    assert box.drain().earcons == [Earcon.NO_ANSWER]
    assert box.state is State.IDLE


def test_what_a_renewed_link_still_brings_is_not_played():
    assert not speaking().hear(10_000).forget().tell(AUDIO, ENDED).ordered(ef.Play)


def test_each_part_of_an_answer_puts_the_stall_off():
    box = speaking()
    for _ in range(5):
        box.hear(8000).tell(AUDIO)
    assert not box.ordered(ef.RenewLink)


def test_answer_that_is_all_there_cannot_stall():
    assert not speaking().tell(GENERATED).hear(60_000).ordered(ef.RenewLink)


def test_answer_cut_by_a_lost_link_is_played_out_and_then_told():
    box = speaking().lose_link()
    assert box.just_ordered(ef.Drain)
    assert box.state is State.SPEAKING
    assert not box.earcons
    assert box.drain().earcons == [Earcon.LOST]


def test_answer_that_is_all_there_does_not_need_the_link():
    box = speaking().tell(ENDED).lose_link().drain()
    assert not box.earcons
    assert box.state is State.IDLE


def test_press_hushes_what_would_be_told_of_a_cut_answer():
    box = speaking().lose_link().press().drain()
    assert not box.earcons


def test_answer_talked_over_is_not_heard_however_late_it_arrives():
    box = speaking().press().hear(1000)
    box.forget().tell(AUDIO).release().hear(400).tell(AUDIO, INTERRUPTED, ENDED)
    assert not box.ordered(ef.Play)
    assert box.tell(AUDIO).ordered(ef.Play)


def test_answers_owed_are_counted():
    box = asked()
    assert len(box.conversation.owed) == 1
    box.say()
    assert len(box.conversation.owed) == 2
    assert not box.tell(AUDIO, ENDED).ordered(ef.Play)
    assert len(box.conversation.owed) == 1
    assert box.tell(AUDIO).ordered(ef.Play)
    assert len(box.tell(ENDED).conversation.owed) == 0


def test_old_answer_ending_while_nobody_has_heard_it_is_not_no_answer():
    box = asked().say().tell(ENDED)
    assert not box.earcons
    assert box.state is State.THINKING


def test_interruption_of_the_answer_talked_over_is_not_the_new_answer():
    box = asked().say().tell(INTERRUPTED, ENDED)
    assert box.state is State.THINKING
    assert box.tell(AUDIO, ENDED).ordered(ef.Play)


def test_interruption_after_the_old_turn_was_complete_is_spurious():
    """turnComplete, then interrupted -> turnComplete again for the same old turn."""
    box = asked().answer().drain().say().tell(INTERRUPTED, ENDED)
    assert box.state is State.THINKING
    assert not box.earcons
    assert box.forget().answer().ordered(ef.Play)


def test_spurious_interruption_that_spans_the_end_of_the_new_turn_is_spurious_too():
    box = asked().answer().drain().press().hear(1000).tell(INTERRUPTED)
    box.release().hear(400).tell(ENDED)
    assert box.state is State.THINKING
    assert not box.earcons
    assert box.forget().answer().ordered(ef.Play)


def test_spurious_interruption_within_the_next_press_does_not_bring_up_the_old_answer():
    """Only activityStart interrupts: before it, turn 1 is still to be answered."""
    box = asked().press().hear(100).tell(INTERRUPTED, ENDED)
    assert len(box.conversation.owed) == 1
    box.hear(1000).release().hear(400)
    assert not box.tell(AUDIO, INTERRUPTED, ENDED).ordered(ef.Play)
    assert box.tell(AUDIO).ordered(ef.Play)


def test_end_without_a_turn_forgets_the_interruption_before_it():
    box = asked().answer().drain().press().hear(1000).tell(INTERRUPTED, ENDED)
    box.release().hear(400).tell(ENDED)
    assert box.earcons == [Earcon.NO_ANSWER]


def test_interrupted_after_the_old_turn_was_complete_does_not_swallow_the_answer():
    """turnComplete -> interrupted has been seen, too."""
    box = asked().say().forget().tell(ENDED, INTERRUPTED, AUDIO, ENDED)
    assert len(box.ordered(ef.Play)) == 1
    assert box.drain().conversation.between_turns


def test_interruption_of_what_is_being_heard_silences_it_and_is_told():
    box = speaking().tell(INTERRUPTED)
    assert box.just_ordered(ef.DropPlayback)
    assert box.earcons == [Earcon.LOST]
    assert box.state is State.IDLE
    assert not box.forget().tell(AUDIO, ENDED).log


def test_press_clears_what_went_wrong_before():
    box = asked().tell(ENDED)
    assert box.pattern == "triple-blink"
    assert box.tap().pattern == "idle"


def test_tap_while_an_answer_stalls_leaves_nothing_to_be_told():
    box = speaking().tap().wait(60)
    assert not box.earcons
    assert box.state is State.IDLE


def test_hushed_answer_whose_end_never_comes_leaves_what_was_said_remembered():
    box = speaking().tell(GENERATED).tap().wait(61)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_answer_goes_on_after_a_short_fault_of_the_speaker():
    box = speaking().forget().tell(ENDED, ev.FaultRaised(Fault.SPEAKER)).wait(55)
    assert not box.ordered(ef.DropPlayback)
    box.tell(ev.FaultCleared(Fault.SPEAKER)).wait(60)
    assert not box.ordered(ef.DropPlayback)


def test_answer_that_no_speaker_plays_is_given_up():
    box = asked().tell(ev.FaultRaised(Fault.SPEAKER), AUDIO, ENDED).wait(61)
    assert box.ordered(ef.DropPlayback)
    assert box.state is State.IDLE
    assert box.conversation.speaker.quiet_since is not None
    assert box.wait(400).ordered(ef.CloseLink)


def test_answer_to_a_box_that_has_long_been_mute_is_not_played():
    box = idle_and_mute().say()
    box.forget().tell(AUDIO, AUDIO, ENDED)
    assert not box.ordered(ef.Play)
    assert box.state is State.IDLE


def test_answer_begun_while_the_box_was_mute_is_not_heard_from_its_middle():
    box = idle_and_mute().say()
    box.tell(AUDIO, ev.FaultCleared(Fault.SPEAKER)).forget().tell(AUDIO, ENDED)
    assert not box.ordered(ef.Play)


def test_answer_that_was_given_up_is_not_taken_up_again():
    box = asked().tell(ev.FaultRaised(Fault.SPEAKER))
    for _ in range(61):
        box.tell(AUDIO).hear(1000)
    box.tell(ev.FaultCleared(Fault.SPEAKER)).forget().tell(AUDIO, ENDED)
    assert not box.ordered(ef.Play)


def idle_and_mute():
    return Box().link_up().tell(ev.FaultRaised(Fault.SPEAKER)).hear(62_000)
