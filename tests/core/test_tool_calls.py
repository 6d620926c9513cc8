# SPDX-License-Identifier: MIT
"""Tools that the service calls: who waits for whom, and whose answers still count."""

import pytest

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import OVERDUE_S, State
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode, TalkSettings
from tests.core.box import SOUND, idle, listening, speaking, thinking

LAMP = ev.ToolCalled("1", "lamp", b'{"on":true}')
TIMER = ev.ToolCalled("2", "timer", b'{"minutes":3}', blocking=False)
DONE = b'{"result":"done"}'
RANG = b'{"result":"rang"}'


def lit():
    return ev.ToolAnswered("1", DONE)


def rang():
    return ev.ToolAnswered("2", RANG)


def timer_set():
    """A background tool runs, and the turn that called it is over."""
    return thinking().tell(TIMER).answer().drain().forget()


# What a call does, and how it ends.


def test_a_call_runs_the_tool_and_its_answer_is_sent_at_once():
    box = thinking().tell(LAMP)
    assert box.just_ordered(ef.RunTool) == [ef.RunTool("1", "lamp", b'{"on":true}')]
    assert box.state is State.THINKING
    box.tell(lit())
    assert box.just_ordered(ef.AnswerTool) == [ef.AnswerTool("1", "lamp", DONE)]
    assert box.answer().state is State.SPEAKING
    assert box.earcons == []


def test_an_answer_nobody_waits_for_is_dropped():
    box = thinking().tell(LAMP, ev.ToolCallsCancelled(("1", "7")))
    assert box.just_ordered(ef.CancelTools) == [ef.CancelTools(("1",))]
    assert box.tell(lit()).just_ordered(ef.AnswerTool) == []


def test_a_cancellation_of_what_does_not_run_does_nothing():
    box = thinking().tell(ev.ToolCallsCancelled(("7",)))
    assert box.just_ordered(ef.CancelTools) == []


def test_the_same_call_twice_runs_once():
    assert len(thinking().tell(LAMP, LAMP).ordered(ef.RunTool)) == 1


@pytest.mark.parametrize("call", [LAMP, TIMER], ids=["blocking", "background"])
def test_a_call_that_is_repeated_while_it_runs_runs_once_and_each_is_answered(call):
    again = replace(call, call_id="again")
    box = thinking().tell(call, again, replace(call, call_id="and again"))
    assert len(box.ordered(ef.RunTool)) == 1
    box.tell(ev.ToolAnswered(call.call_id, DONE))
    answered = {order.call_id for order in box.ordered(ef.AnswerTool)}
    assert answered == {call.call_id, "again", "and again"}


def test_the_answer_of_a_call_is_not_that_of_one_that_comes_later():
    box = thinking().tell(LAMP, lit(), replace(LAMP, call_id="3"))
    assert len(box.ordered(ef.RunTool)) == 2


def test_what_the_user_asks_for_twice_is_done_twice():
    box = timer_set().say().tell(replace(TIMER, call_id="3"))
    assert [run.call_id for run in box.ordered(ef.RunTool)] == ["3"]


def test_a_repeated_call_goes_on_when_the_first_is_cancelled():
    box = thinking().tell(LAMP, replace(LAMP, call_id="3"))
    box.tell(ev.ToolCallsCancelled(("1",)))
    assert box.just_ordered(ef.CancelTools) == []
    box.tell(lit())
    assert box.just_ordered(ef.AnswerTool) == [ef.AnswerTool("3", "lamp", DONE)]


def test_a_repeated_call_that_is_cancelled_too_ends_the_tool():
    box = thinking().tell(LAMP, replace(LAMP, call_id="3"))
    box.tell(ev.ToolCallsCancelled(("1",)), ev.ToolCallsCancelled(("3",)))
    assert box.just_ordered(ef.CancelTools) == [ef.CancelTools(("1",))]


def test_a_call_too_many_is_refused_at_once():
    box = thinking()
    for n in range(9):
        box.tell(ev.ToolCalled(f"c{n}", "lamp", b'{"lamp":%d}' % n))
    assert len(box.ordered(ef.RunTool)) == 8
    (refusal,) = box.ordered(ef.AnswerTool)
    assert refusal.call_id == "c8"
    assert b"too many" in refusal.response


def test_a_call_without_a_link_is_nobodys():
    assert idle().lose_link().tell(LAMP).ordered(ef.RunTool) == []


def test_stop_forgets_the_calls():
    box = thinking().tell(LAMP, ev.StopRequested())
    assert box.tell(lit()).ordered(ef.AnswerTool) == []


# Patience.


def test_while_a_tool_runs_no_answer_is_missed_and_after_it_the_wait_begins_anew():
    box = thinking().tell(LAMP).wait(55)
    assert (box.state, box.earcons) == (State.THINKING, [])
    box.tell(lit()).wait(9.9)
    assert box.ordered(ef.RenewLink) == []
    assert box.wait(0.2).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_an_answer_that_pauses_for_a_tool_has_not_stalled():
    box = speaking().tell(LAMP).wait(55)
    assert box.ordered(ef.RenewLink) == []
    box.tell(lit()).wait(9.9)
    assert box.ordered(ef.RenewLink) == []
    assert box.wait(0.2).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_no_tool_is_run_for_what_the_user_took_back():
    box = speaking().tap().tell(LAMP)
    assert box.ordered(ef.RunTool) == []
    (refusal,) = box.just_ordered(ef.AnswerTool)
    assert b"cancelled by the user" in refusal.response


def test_hands_free_a_question_that_called_a_tool_is_not_sent_again_but_told_lost():
    box = hands_free().tell(LAMP).forget().lose_link().hear(500).link_up().hear(500)
    assert box.earcons == [Earcon.LOST]
    sent = b"".join(order.pcm for order in box.ordered(ef.SendAudio))
    assert len(sent) / 32_000 < 1.2


def test_hands_free_forgetting_waits_for_the_answer_after_its_tool():
    box = hands_free().tell(LAMP).forget().tell(ev.NewConversation(), lit()).hear(300)
    assert box.ordered(ef.ForgetSession) == []
    box.answer().drain().hear(300)
    assert len(box.ordered(ef.ForgetSession)) == 1


def test_hands_free_closing_while_a_tool_runs_sends_nothing_the_service_refuses():
    box = hands_free().tell(LAMP).hear(100).forget().press().hear(500)
    assert box.ordered(ef.SendAudio) == []


def test_a_cancelled_call_excuses_nobody():
    box = thinking().tell(LAMP).wait(30).tell(ev.ToolCallsCancelled(("1",)))
    assert box.wait(9.9).ordered(ef.RenewLink) == []
    assert box.wait(0.2).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_an_old_tool_in_the_background_excuses_no_new_silence():
    box = timer_set().say()
    assert box.wait(11).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_what_has_set_a_tool_to_work_is_not_said_again():
    box = thinking().tell(LAMP).lose_link()
    assert box.just_ordered(ef.CancelTools) == [ef.CancelTools(("1",))]
    assert box.earcons == [Earcon.LOST]
    assert box.link_up().wait(1).turns == ["open 1", "close 1"]


# Audio is held while the service waits for a tool.


def test_speech_is_held_while_a_blocking_tool_runs_and_then_sent_whole():
    box = thinking().tell(LAMP).forget().say(2000).wait(40)
    assert box.turns == []
    assert box.ordered(ef.SendAudio) == []
    box.tell(lit())
    assert box.turns == ["open 2", "close 2"]
    assert box.said == (-200.0, 2200.0)
    kinds = [type(effect) for _, effect in box.log]
    assert kinds.index(ef.AnswerTool) < kinds.index(ef.OpenTurn)


def test_a_tap_does_not_leave_a_turn_open_that_waits_for_a_tool():
    box = listening().tell(LAMP).release().hear(400).tap()
    assert box.tell(lit()).turns == ["open 1", "close 1"]


def test_a_held_utterance_that_finds_no_link_afterwards_still_has_its_time():
    box = thinking().tell(LAMP).say().wait(50).forget().lose_link()
    box.wait(29)
    assert box.earcons == []
    assert len(box.conversation.utterances) == 1
    assert box.wait(2).conversation.utterances == ()
    assert box.earcons == [Earcon.LOST]


def test_a_tool_in_the_background_holds_nothing():
    assert timer_set().say().turns == ["open 2", "close 2"]


def test_a_tool_called_while_the_user_talks_makes_the_rest_wait():
    box = listening().tell(LAMP).forget().hear(1000).release().hear(400)
    assert box.ordered(ef.SendAudio) == []
    assert box.tell(lit()).turns == ["close 1"]


# How a turn ends that has called a tool.


def test_a_turn_that_ends_before_its_blocking_tool_is_not_over():
    box = thinking().tell(LAMP, ev.AnswerEnded())
    assert (box.state, box.earcons) == (State.THINKING, [])
    assert box.tell(lit()).answer().state is State.SPEAKING
    assert not box.conversation.owed


def test_a_turn_that_only_called_a_tool_in_the_background_ends_quietly():
    box = thinking().tell(TIMER, ev.AnswerEnded())
    assert (box.state, box.earcons) == (State.IDLE, [])


def test_an_empty_end_before_the_answer_to_a_tool_is_not_no_answer():
    box = thinking().tell(TIMER, rang(), ev.AnswerEnded())
    assert (box.state, box.earcons) == (State.THINKING, [])
    assert box.answer().state is State.SPEAKING
    assert not box.conversation.owed


def test_an_empty_end_after_a_tools_answer_that_stays_empty_is_told():
    box = thinking().tell(LAMP, lit(), ev.AnswerEnded())
    assert box.earcons == [Earcon.NO_ANSWER]


def test_an_interrupted_turn_is_over_with_its_tool():
    box = thinking().tell(LAMP, ev.ToolCallsCancelled(("1",)))
    box.say().tell(ev.AnswerInterrupted(), ev.AnswerEnded())
    assert box.conversation.owed == (2,)


# A tool in the background speaks up.


def test_the_service_speaks_up_when_a_tool_in_the_background_is_done():
    box = timer_set().wait(100).tell(rang())
    assert box.just_ordered(ef.AnswerTool) == [ef.AnswerTool("2", "timer", RANG)]
    assert box.state is State.THINKING
    box.wait(2).tell(ev.AnswerAudio(SOUND))
    assert box.just_ordered(ef.Play) == [ef.Play(SOUND)]
    box.answer().drain()
    assert (box.state, box.earcons) == (State.IDLE, [])


def test_what_nobody_asked_for_is_not_heard():
    box = idle().tell(ev.AnswerAudio(SOUND), ev.AnswerEnded())
    assert box.ordered(ef.Play) == []


def test_it_speaks_up_once_for_each_tool():
    box = timer_set().tell(rang()).answer().drain().forget()
    assert box.tell(ev.AnswerAudio(SOUND)).ordered(ef.Play) == []


def test_it_does_not_interrupt_a_user_who_talks():
    box = timer_set().press().hear(500).tell(rang())
    assert box.ordered(ef.AnswerTool) == []
    box.hear(500).release().hear(400).answer()
    assert box.ordered(ef.AnswerTool) == []
    assert box.drain().just_ordered(ef.AnswerTool) == [
        ef.AnswerTool("2", "timer", RANG)
    ]


def test_a_press_hushes_what_is_just_about_to_be_said_of_a_tool():
    box = timer_set().tell(rang()).press().hear(500)
    box.tell(ev.AnswerAudio(SOUND)).hear(500).release().hear(400)
    box.tell(ev.AnswerInterrupted(), ev.AnswerEnded())
    assert box.ordered(ef.Play) == []
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert not box.conversation.owed


def test_a_tap_silences_it():
    box = timer_set().tell(rang(), ev.AnswerAudio(SOUND)).tap()
    assert box.state is State.IDLE
    assert box.tell(ev.AnswerAudio(SOUND)).just_ordered(ef.Play) == []


def test_a_tool_may_be_called_by_what_nobody_asked_for():
    box = timer_set().tell(rang(), LAMP).tell(lit())
    assert box.just_ordered(ef.AnswerTool) == [ef.AnswerTool("1", "lamp", DONE)]
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]


# The link waits for tools, and tools outlive it.


def test_an_idle_link_is_kept_for_a_tool():
    box = timer_set().wait(400)
    assert box.ordered(ef.CloseLink) == []
    box.tell(rang()).answer().drain().wait(299)
    assert box.ordered(ef.CloseLink) == []
    assert box.wait(2).ordered(ef.CloseLink) == [ef.CloseLink()]


def test_a_renewal_waits_for_a_tool_and_for_what_is_said_of_it():
    box = timer_set()
    box.tell(ev.LinkExpiring(box.now + 60)).wait(20).tell(rang())
    assert box.wait(1).ordered(ef.RenewLink) == []
    box.answer().drain()
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_a_renewal_does_not_wait_longer_than_it_may():
    box = timer_set()
    box.tell(ev.LinkExpiring(box.now + 60)).wait(61)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.ordered(ef.CancelTools) == []


@pytest.mark.parametrize("link_is_back", [True, False], ids=["linked", "asleep"])
def test_a_tool_that_outlives_its_link_is_told_in_a_turn_of_its_own(link_is_back):
    box = timer_set().lose_link()
    if link_is_back:
        box.link_up()
    box.wait(200).forget().tell(rang())
    assert box.ordered(ef.AnswerTool) == []
    if not link_is_back:
        box.wait(3)
        assert box.ordered(ef.OpenLink) == [ef.OpenLink()]
        box.link_up()
    (text,) = box.ordered(ef.SendText)
    assert "timer" in text.text
    assert '{"result":"rang"}' in text.text
    assert box.turns == ["open 2", "close 2"]
    assert box.answer().drain().state is State.IDLE
    assert box.earcons == []


def test_a_tool_that_is_done_with_no_link_is_told_as_lost_in_the_end():
    box = timer_set().lose_link().tell(rang()).wait(31)
    assert box.earcons == [Earcon.LOST]
    assert box.conversation.calls == ()


# Hands-free.


def hands_free():
    """The microphone is open, and something has been said."""
    box = idle()
    talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex=False)
    box.conversation = replace(box.conversation, talk=talk)
    return box.press().release().hear(1000)


def test_hands_free_audio_is_held_while_a_blocking_tool_runs():
    box = hands_free().tell(LAMP).forget().hear(2000)
    assert box.ordered(ef.SendAudio) == []
    box.tell(lit()).hear(128)
    assert len(box.ordered(ef.SendAudio)) > 12
    assert box.answer().just_ordered(ef.Play) == []
    assert box.ordered(ef.Play) == [ef.Play(SOUND)]


def test_hands_free_a_tool_in_the_background_is_told_while_its_answer_lasts():
    box = hands_free().tell(TIMER, ev.AnswerAudio(SOUND), rang())
    box.tell(ev.AnswerEnded()).drain()
    assert box.ordered(ef.AnswerTool) == [ef.AnswerTool("2", "timer", RANG)]
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)] * 2


def test_hands_free_no_expected_answer_delays_a_renewal():
    box = hands_free().tell(TIMER).answer().drain().tell(rang()).answer().drain()
    box.tell(ev.LinkExpiring(box.now + 60))
    assert box.just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_hands_free_what_outlived_its_link_waits_until_the_microphone_is_closed():
    box = hands_free().tell(TIMER).answer().drain().lose_link().link_up().tell(rang())
    assert box.ordered(ef.SendText) == []
    box.press().wait(OVERDUE_S)
    assert len(box.ordered(ef.SendText)) == 1
