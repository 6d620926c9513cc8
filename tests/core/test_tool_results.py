# SPDX-License-Identifier: MIT
"""What a tool in the background has answered is heard, told anew, or told as lost."""

import pytest

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import OVERDUE_S, State
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.core.tokens import Tokens
from tests.core.box import PERIOD_S, SOUND, Box, idle, speaking, thinking

LAMP = ev.ToolCalled("1", "lamp", b"{}")
LIT = ev.ToolAnswered("1", b'{"result":"done"}')
TIMER = ev.ToolCalled("2", "timer", b"{}", blocking=False)
RANG = ev.ToolAnswered("2", b'{"result":"rang"}')


def rung() -> Box:
    """Its result is sent, between two turns; the service has not begun to speak."""
    box = thinking().tell(TIMER).answer().drain().forget()
    return box.tell(RANG).forget()


def texts(box):
    return [order.text for order in box.ordered(ef.SendText)]


def hands_free(**limits) -> Box:
    """The microphone is open, and something has been said."""
    box = Box(**{"turn_gap_s": 0.0, **limits}).link_up().hear(1000)
    box.wire.unnumbered = True
    talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex=False)
    box.conversation = replace(box.conversation, talk=talk)
    return box.press().release().hear(1000)


def test_audio_in_flight_of_a_remark_is_not_taken_for_the_answer_to_the_next_turn():
    box = rung().say(300)
    assert box.turns == ["open 3", "close 3"]
    box.tell(ev.AnswerAudio(SOUND), ev.AnswerInterrupted(), ev.AnswerEnded())
    assert box.ordered(ef.Play) == []
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.earcons == []


def test_a_remark_that_no_word_was_heard_of_is_told_on_the_next_link():
    box = rung().lose_link()
    assert box.earcons == []
    (text,) = texts(box.link_up().wait(1))
    assert "rang" in text
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.drain().state is State.IDLE


def test_a_remark_that_never_comes_is_asked_for_on_another_link():
    box = rung().wait(9.9)
    assert box.ordered(ef.RenewLink) == []
    assert box.wait(0.2).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]
    assert len(texts(box.link_up())) == 1


def test_what_two_turns_of_its_own_could_not_tell_is_lost_audibly():
    box = rung()
    for _ in range(3):
        box.lose_link().link_up().wait(1)
    assert len(texts(box)) == 2
    assert box.earcons == [Earcon.LOST]
    assert box.state is State.IDLE


def test_the_service_may_have_nothing_to_say_of_what_a_tool_answered():
    box = rung().tell(ev.AnswerEnded())
    assert (box.state, box.earcons, box.conversation.owed) == (State.IDLE, [], ())


def test_a_press_takes_back_a_remark_for_good():
    box = rung().say().lose_link().link_up().wait(1)
    assert texts(box) == []


def test_a_remark_that_follows_the_answer_that_called_is_heard():
    box = speaking().tell(TIMER, RANG)
    assert box.ordered(ef.AnswerTool)
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().forget()
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]


def test_an_answer_that_tells_it_itself_leaves_nothing_to_wait_for():
    box = speaking().tell(TIMER, RANG, ev.AnswerAudio(SOUND))
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().forget().wait(11)
    assert (box.conversation.owed, box.log) == ((), [])


def test_a_remark_is_lost_audibly_where_it_might_have_followed_an_answer():
    box = speaking().tell(TIMER, RANG)
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().lose_link()
    assert box.earcons == [Earcon.LOST]


def test_a_turn_that_may_be_followed_by_a_remark_is_answered_all_the_same():
    box = speaking().tell(TIMER, RANG)
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().forget().say().wait(0.3)
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.conversation.owed == ()


def test_what_was_taken_back_before_it_began_is_not_taken_for_the_next_remark():
    """The service says both, one after the other, and does not say which is which."""
    other = replace(TIMER, call_id="3", arguments=b'{"minutes":9}')
    box = thinking().tell(TIMER, other, ev.AnswerAudio(SOUND), RANG).tap()
    box.tell(ev.AnswerEnded(), replace(RANG, call_id="3")).forget()
    assert box.answer().ordered(ef.Play) == []
    (told,) = box.wait(10).ordered(ef.AnswerTool)
    assert told.call_id == "3"
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]


def test_what_was_taken_back_is_not_taken_for_the_answer_to_what_is_asked_next():
    """In flight while a short turn is said, it arrives after that."""
    box = speaking().tell(TIMER, RANG).press().hear(300).tell(ev.AnswerEnded())
    box.release().hear(300).forget()
    assert box.tell(ev.AnswerAudio(SOUND), ev.AnswerEnded()).ordered(ef.Play) == []
    assert box.wait(1).answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.earcons == []


def test_what_was_taken_back_on_a_link_that_is_gone_holds_no_news_up():
    other = replace(TIMER, call_id="3")
    box = speaking().tell(TIMER, RANG).tap().lose_link().link_up().hear(1000)
    box.say().tell(other).answer().drain()
    box.forget().tell(replace(RANG, call_id="3"))
    assert len(box.ordered(ef.AnswerTool)) == 1


def test_what_is_said_of_a_refused_call_is_heard():
    box = idle()
    for n in range(9):
        box.tell(ev.ToolCalled(f"c{n}", "lamp", b"{}", blocking=False))
    assert len(box.ordered(ef.AnswerTool)) == 1
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]


def test_what_is_not_asked_for_is_over_before_the_next_answer_begins():
    """It has an end of its own, which is not that of what is asked meanwhile."""
    box = idle().tell(ev.AnswerAudio(SOUND)).say(300)
    box.tell(ev.AnswerAudio(SOUND), ev.AnswerInterrupted(), ev.AnswerEnded())
    assert box.ordered(ef.Play) == []
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.earcons == []


def test_the_service_may_be_late_with_a_tool_in_the_background_but_not_for_ever():
    box = thinking().tell(TIMER).wait(9.9)
    assert box.earcons == []
    assert box.wait(0.2).earcons == [Earcon.NO_ANSWER]
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]


def test_a_tool_in_the_background_outlives_the_answer_that_announced_it():
    box = speaking().tell(TIMER).lose_link()
    assert box.ordered(ef.CancelTools) == []
    box.drain().link_up().wait(1)
    assert box.drain().tell(RANG).ordered(ef.SendText)


def test_an_answer_that_was_to_go_on_after_a_tool_is_lost_audibly_with_its_link():
    box = speaking().tell(LAMP, ev.AnswerGenerated()).drain()
    assert box.state is State.THINKING
    assert box.lose_link().earcons == [Earcon.LOST]


def test_it_is_told_as_lost_once_after_what_there_is_to_be_heard():
    box = speaking().tell(LAMP).lose_link()
    assert box.earcons == []
    assert box.drain().earcons == [Earcon.LOST]
    assert box.drain().wait(1).earcons == [Earcon.LOST]


def test_an_answer_that_does_not_go_on_after_a_tool_is_told():
    box = speaking().tell(LAMP, ev.AnswerGenerated()).drain().tell(LIT).wait(11)
    assert box.earcons == [Earcon.NO_ANSWER]


def test_an_answer_that_called_a_tool_last_may_end_there():
    box = speaking().tell(LAMP, LIT, ev.AnswerEnded()).drain()
    assert (box.state, box.earcons) == (State.IDLE, [])


def test_an_interrupted_answer_that_was_to_go_on_is_lost_audibly():
    box = speaking().tell(LAMP, ev.AnswerGenerated()).drain()
    box.tell(ev.ToolCallsCancelled(("1",)), ev.AnswerInterrupted(), ev.AnswerEnded())
    assert box.earcons == [Earcon.LOST]


def test_a_link_that_opens_without_having_been_lost_loses_nothing_silently():
    box = thinking().tell(LAMP, ev.LinkOpening())
    assert box.earcons == [Earcon.LOST]
    assert box.conversation.utterances == ()


def test_beyond_the_days_limit_the_box_opens_no_turn_of_its_own():
    for lost in (False, True):
        box = thinking().tell(TIMER).answer().drain()
        box.conversation = replace(
            box.conversation, limits=replace(box.conversation.limits, tokens_per_day=9)
        )
        box.tell(ev.TokensCounted(Tokens(audio_in=10)))
        if lost:
            box.lose_link()
        box.forget().tell(RANG)
        assert box.earcons == [Earcon.DAILY_LIMIT]
        assert box.wait(5).ordered(ef.AnswerTool) + box.ordered(ef.SendText) == []


def test_beyond_the_days_limit_a_turn_is_answered_with_its_tools():
    box = thinking().tell(LAMP)
    box.conversation = replace(
        box.conversation, limits=replace(box.conversation.limits, tokens_per_day=9)
    )
    box.tell(ev.TokensCounted(Tokens(audio_in=10)), LIT)
    assert len(box.ordered(ef.AnswerTool)) == 1


def test_a_new_conversation_does_not_wait_for_a_tool_in_the_background():
    box = thinking().tell(TIMER).answer().drain().tell(ev.NewConversation())
    assert box.ordered(ef.ForgetSession) == [ef.ForgetSession()]
    assert texts(box.link_up().tell(RANG).wait(1))


def test_two_taps_take_back_what_is_half_sent():
    box = idle().press().hear(1000).tell(LAMP).release().hear(400).tap()
    assert box.turn_open
    box.tap().hear(500)
    assert box.ordered(ef.ForgetSession)
    assert box.link_up().hear(2000).turns == ["open 1"]
    assert box.earcons == [Earcon.NEW]


# Hands-free.


def test_hands_free_a_remark_that_was_not_begun_is_told_when_the_microphone_is_closed():
    box = hands_free().tell(TIMER).answer().drain().hear(500).tell(RANG)
    assert len(box.ordered(ef.AnswerTool)) == 1
    box.lose_link().link_up().hear(500).press().wait(15)
    assert len(texts(box)) == 1


def test_hands_free_news_are_told_before_what_the_microphone_hears():
    """On no link do turns nest."""
    box = hands_free(turn_gap_s=0.5)
    box.wire.turn_gap_s = 0.0
    box.tell(TIMER).answer().drain().lose_link()
    box.press().link_up().wait(11).forget().tell(RANG).press().hear(200)
    assert box.turns == ["open 3", "close 3", "open 4"]
    box.forget().lose_link().link_up().hear(1000)
    assert box.turns == ["open 3", "close 3", "open 4"]


def test_hands_free_speech_is_kept_as_long_as_a_tool_runs():
    box = hands_free().tell(LAMP).forget().hear(40_000)
    assert box.ordered(ef.SendAudio) == []
    box.tell(LIT).hear(200)
    sent = b"".join(order.pcm for order in box.ordered(ef.SendAudio))
    assert len(sent) / 32_000 > 39.5


def test_hands_free_speech_is_kept_as_long_as_there_is_no_link():
    box = hands_free().forget().lose_link().hear(28_000).link_up()
    sent = b"".join(order.pcm for order in box.ordered(ef.SendAudio))
    assert len(sent) / 32_000 > 28.5


def test_hands_free_closing_while_a_tool_runs_loses_neither_answer_nor_question():
    box = hands_free().tell(LAMP).hear(1000).forget().press().hear(5000)
    assert (box.earcons, box.turns, box.state) == ([], [], State.THINKING)
    assert box.pattern == "thinking"
    box.tell(LIT)
    assert box.turns == ["close 1"]
    *said, _ = (order.pcm for order in box.ordered(ef.SendAudio))
    assert len(b"".join(said)) / 32_000 == pytest.approx(1.0, abs=PERIOD_S)
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]
    assert (box.earcons, box.drain().state) == ([], State.IDLE)


def test_hands_free_a_microphone_opened_again_while_a_tool_runs_leaves_a_gap():
    box = hands_free().tell(LAMP).hear(1000).press().hear(3000).forget()
    box.press().hear(1000).tell(LIT)
    said = b"".join(order.pcm for order in box.ordered(ef.SendAudio))
    assert len(said) / 32_000 == pytest.approx(2.0, abs=PERIOD_S)
    assert (box.turns, box.state) == ([], State.LISTENING)


def test_hands_free_a_remark_that_is_not_begun_delays_no_renewal():
    box = hands_free().tell(TIMER).answer().drain().hear(500).tell(RANG)
    box.tell(ev.LinkExpiring(box.now + 60))
    assert box.just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_hands_free_a_question_outlives_a_remark_that_was_not_begun():
    box = hands_free().tell(TIMER).answer().drain().tell(RANG).hear(60_000).forget()
    box.press().hear(5000)
    assert box.ordered(ef.RenewLink) == []
    assert box.answer().ordered(ef.Play) == [ef.Play(SOUND)]


def test_hands_free_what_is_not_answered_yet_is_lost_audibly_with_its_link():
    box = hands_free().press().wait(OVERDUE_S + 0.1).lose_link()
    assert box.earcons == [Earcon.LOST]


def test_hands_free_what_needs_no_answer_is_forgotten_after_a_while():
    box = hands_free().press().wait(10 + OVERDUE_S + 0.1)
    assert (box.conversation.owed, box.lose_link().earcons) == ((), [])


def test_hands_free_a_question_whose_tool_is_done_is_answered_or_the_user_told():
    box = hands_free().tell(LAMP, LIT).hear(11_000)
    assert box.earcons == [Earcon.NO_ANSWER]
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=True)]
