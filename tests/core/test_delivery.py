# SPDX-License-Identifier: MIT
"""What was said reaches the service: in order, whole, once more if need be."""

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.advance import advance
from appliance.core.conversation import State, start
from appliance.core.link import LinkState
from appliance.core.signals import Earcon, Fault
from tests.core.box import LIMITS, PERIOD_S, SOUND, Box


def online():
    return Box().link_up().hear(1000)


def offline():
    return Box().hear(1000)


def asked():
    return online().say().hear(500)


def test_turn_opens_together_with_its_first_audio():
    box = online().press().hear(1000)
    kinds = [type(effect) for _, effect in box.log if not isinstance(effect, ef.Play)]
    opened = kinds.index(ef.OpenTurn)
    assert kinds[opened + 1] is ef.SendAudio
    assert box.ordered_at(ef.OpenTurn) == box.ordered_at(ef.SendAudio)[:1]


def test_turn_does_not_open_before_there_is_audio():
    box = Box(pre_roll_s=0).link_up().press().wait(1.5)
    assert not box.turns
    assert box.hear(200).turns == ["open 1"]


def test_audio_is_sent_as_it_is_captured():
    box = online().press().hear(1000)
    times = box.ordered_at(ef.SendAudio)
    assert box.now - times[-1] < 0.128
    assert len(set(times)) >= 5


def test_nothing_is_sent_when_the_button_is_not_held():
    assert not online().hear(60_000).ordered(ef.SendAudio)


def test_each_hold_is_a_turn_of_its_own():
    box = online()
    for _ in range(3):
        box.say().answer().hear(500)
    assert box.turns == ["open 1", "close 1", "open 2", "close 2", "open 3", "close 3"]


def test_turn_soon_after_another_waits_for_the_gap_and_loses_nothing():
    box = online().say().press().hear(300)
    [closed_at] = box.ordered_at(ef.CloseTurn)
    box.hear(1000)
    assert box.ordered_at(ef.OpenTurn)[1] - closed_at == pytest.approx(0.5)
    # 400 ms lie between release and press; the tail was said in turn 1.
    assert box.release().hear(400).said == (-200, 1500)


def test_short_turn_soon_after_another_is_sent_whole_when_the_gap_is_over():
    box = Box(turn_gap_s=2.0).link_up().say().say(300)
    assert box.turns == ["open 1", "close 1"]
    box.wait(2)
    assert box.turns == ["open 1", "close 1", "open 2", "close 2"]
    assert box.said[1] == 500


def test_utterances_said_while_the_link_is_down_are_sent_in_order_with_the_gap():
    box = offline().say().say().say().link_up()
    assert box.turns == ["open 1", "close 1"]
    box.wait(1.1)
    assert box.turns == ["open 1", "close 1", "open 2", "close 2", "open 3", "close 3"]


def test_the_gap_between_two_turns_begins_when_the_network_has_taken_the_first():
    box = offline().say(300).say(300)
    box.clogged = True
    assert box.link_up().wait(2).turns == ["open 1", "close 1"]
    box.take().wait(LIMITS.turn_gap_s - 0.01)
    assert box.turns == ["open 1", "close 1"]
    assert box.wait(0.02).turns[2:] == ["open 2", "close 2"]


def test_no_more_than_a_second_waits_to_be_taken():
    """What is said beyond that is kept here, and goes out as the line takes it."""
    box = offline().say(20_000)
    box.clogged = True
    box.link_up()
    assert 1.0 <= box.sent_s < 1.0 + PERIOD_S
    box.take(5)
    # The first of the five is no audio, the second only part of a period.
    assert 1.0 + 3 * PERIOD_S <= box.sent_s < 1.0 + 5 * PERIOD_S
    box.take()
    assert box.turns == ["open 1", "close 1"]
    assert box.said == (-300, 20_200)


def test_a_hold_is_not_lost_as_long_as_the_line_takes_some_of_it():
    """45 s of talk through half of what it needs."""
    box = online()
    box.clogged = True
    box.say(45_000)
    for _ in range(60):
        box.wait(2).take(4)
    assert box.earcons == []
    box.take()
    assert box.turns == ["open 1", "close 1"]
    assert box.answer().ordered(ef.Play)


def test_a_hold_is_lost_once_the_line_takes_nothing_for_too_long():
    box = online()
    box.clogged = True
    box.say(20_000).wait(20).take(4).wait(29)
    assert box.earcons == []
    assert box.wait(2).earcons == [Earcon.LOST]


def test_a_link_lost_long_after_the_release_loses_no_hold_that_was_on_its_way():
    box = online()
    box.clogged = True
    box.say(45_000)
    for _ in range(10):
        box.wait(4).take(4)
    box.clogged = False
    box.lose_link().wait(5)
    assert box.earcons == []
    assert box.link_up().turns == ["open 1", "open 1", "close 1"]


def test_only_the_last_of_several_utterances_is_answered_aloud():
    box = offline().say().say().link_up().wait(0.6)
    box.answer()
    assert not box.ordered(ef.Play)
    assert box.answer().ordered(ef.Play)


def test_utterance_that_no_link_takes_is_audibly_lost_after_a_while():
    box = offline().say()
    assert not box.wait(29).earcons
    assert box.wait(2).earcons == [Earcon.LOST]
    assert box.pattern == "triple-blink"
    assert box.state is State.IDLE
    assert not box.link_up().wait(1).turns


def test_lost_utterance_does_not_take_the_next_one_with_it():
    box = offline().say().wait(20).say().wait(15)
    assert box.earcons == [Earcon.LOST]
    assert box.link_up().turns == ["open 2", "close 2"]


def test_no_answer_renews_the_link_and_sends_again():
    box = asked()
    [closed_at] = box.ordered_at(ef.CloseTurn)
    box.wait(9)
    assert not box.ordered(ef.RenewLink)
    box.wait(1)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]
    assert box.ordered_at(ef.RenewLink) == [pytest.approx(closed_at + 10)]
    assert box.conversation.link.state is LinkState.OPENING
    assert not box.earcons
    assert box.link_up().turns == ["open 1", "close 1"] * 2


def test_no_answer_twice_is_told_and_not_tried_again():
    box = asked().wait(10).link_up().wait(10)
    assert box.earcons == [Earcon.NO_ANSWER]
    assert len(box.ordered(ef.RenewLink)) == 2
    assert box.state is State.IDLE
    assert len(box.link_up().wait(60).turns) == 4


def test_answer_the_second_time_is_heard():
    box = asked().wait(10).link_up().hear(500).answer()
    assert box.ordered(ef.Play)
    assert not box.earcons


def test_no_answer_and_a_lost_link_are_two_failures():
    box = asked().wait(10).link_up().lose_link()
    assert box.earcons == [Earcon.LOST]


def test_nobody_is_told_of_no_answer_while_talking():
    box = asked().hear(8500).press().hear(5000)
    assert not box.ordered(ef.RenewLink)
    assert box.state is State.LISTENING


def test_answer_limit_counts_from_the_last_turn():
    box = asked().hear(8500).say().wait(9)
    assert not box.ordered(ef.RenewLink)
    box.wait(1).link_up().wait(1)
    assert box.turns[-4:] == ["open 1", "close 1", "open 2", "close 2"]


def test_answer_limit_counts_from_when_the_network_has_taken_the_turn():
    box = online()
    box.clogged = True
    box.say().wait(15)
    assert not box.ordered(ef.RenewLink)
    box.take().wait(9)
    assert not box.ordered(ef.RenewLink)
    box.wait(1)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_turn_that_the_network_does_not_take_is_audibly_lost_with_its_link():
    box = online()
    box.clogged = True
    box.say().wait(31)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.earcons == [Earcon.LOST]
    assert box.link_up().wait(60).turns == ["open 1"]


def test_turn_unanswered_before_one_that_the_network_does_not_take_is_sent_once_more():
    """The link that takes no more has failed both; the second to do so loses it."""
    box = asked()
    box.clogged = True
    box.hear(5000).say().wait(31)
    assert box.earcons == [Earcon.LOST]
    box.clogged = False
    assert box.link_up().wait(1).turns[-2:] == ["open 1", "close 1"]
    box.forget()
    box.clogged = True
    box.hear(5000).say().wait(31)
    assert box.earcons == [Earcon.LOST]
    assert box.forget().link_up().wait(60).turns == []


def test_utterance_lost_for_want_of_a_network_says_why():
    box = offline().lose_link(Fault.NETWORK).press()
    box.hear(1000).release().hear(400).wait(31)
    assert box.earcons == [Earcon.NO_NETWORK, Earcon.NO_NETWORK, Earcon.LOST]


def test_digital_silence_is_not_sent_and_the_user_is_told():
    box = Box().link_up().press()
    for _ in range(10):
        box.wait(PERIOD_S).tell(ev.PeriodCaptured(bytes(4096), box.now))
    box.release().wait(PERIOD_S * 2).tell(ev.PeriodCaptured(bytes(4096), box.now))
    assert not box.turns
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.pattern == "5-blink"
    assert box.state is State.IDLE


def test_speech_after_digital_silence_is_sent_with_the_silence():
    c, _ = advance(start(LIMITS, 0.0), ev.LinkUp(), 0.0)
    c, _ = advance(c, ev.TalkPressed(0.0), 0.0)
    silence, speech = bytes(4096), bytes(4094) + b"\1\0"
    for n in range(1, 5):
        c, effects = advance(c, ev.PeriodCaptured(silence, n * PERIOD_S), n * PERIOD_S)
        assert effects == ()
    c, effects = advance(c, ev.PeriodCaptured(speech, 5 * PERIOD_S), 5 * PERIOD_S)
    assert effects == (
        ef.OpenTurn(1),
        *[ef.SendAudio(silence)] * 4,
        ef.SendAudio(speech),
    )


def test_answer_that_never_ends_after_it_was_heard_renews_the_link():
    box = asked().tell(ev.AnswerAudio(SOUND), ev.AnswerGenerated()).drain().wait(9)
    assert not box.ordered(ef.RenewLink)
    assert box.wait(1).ordered(ef.RenewLink)
    assert box.forget().link_up().say().answer().ordered(ef.Play)
    assert not box.earcons


def test_answer_that_was_hushed_may_end_late():
    box = asked().tell(ev.AnswerAudio(SOUND)).tap()
    assert not box.wait(55).ordered(ef.RenewLink)


def test_answer_that_was_hushed_and_never_ends_renews_the_link_at_last():
    box = asked().tell(ev.AnswerAudio(SOUND)).tap().wait(61)
    assert box.ordered(ef.RenewLink)
    assert not box.link_up().earcons
    assert box.conversation.between_turns


def test_what_arrives_before_a_turn_is_sent_to_its_end_does_not_answer_it():
    box = online()
    box.clogged = True
    box.say().forget().tell(ev.AnswerAudio(SOUND), ev.AnswerEnded())
    assert not box.log
    box.take().answer()
    assert box.ordered(ef.Play) == [ef.Play(SOUND)]


def test_what_is_called_before_a_turn_is_sent_to_its_end_is_not_called_by_it():
    box = online()
    box.clogged = True
    box.say(300).tell(ev.ToolCalled("1", "door", b"{}"))
    assert box.ordered(ef.RunTool) == []
    assert box.lose_link().link_up().wait(1).turns[-2:] == ["open 1", "close 1"]


def test_turn_cancelled_on_its_way_does_not_start_the_wait_for_the_next():
    box = online()
    box.clogged = True
    box.say(300).tap().hear(1000).say(300)
    assert [u.turn for u in box.conversation.utterances] == [2]
    while ef.CloseTurn(1) in box.conversation.link.outbox.waiting:
        box.take(1)
    assert box.conversation.utterances[0].awaited_since is None
    box.hear(600).take()
    assert box.conversation.utterances[0].awaited_since == box.now
