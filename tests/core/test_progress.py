# SPDX-License-Identifier: MIT
"""A service that shows that it works is waited for; what follows a filler is heard."""

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.signals import Earcon
from tests.core.box import LIMITS, SOUND, speaking, thinking

SIGNS = [
    ev.AnswerProgressed(),
    ev.AnswerPaused(),
    ev.TranscriptHeard("hello", spoken=False),
]


def filler():
    """The service has said "let me see", and that it goes on."""
    return speaking().tell(ev.AnswerGenerated(), ev.AnswerPaused()).forget()


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: type(sign).__name__)
def test_a_service_that_shows_that_it_works_is_waited_for(sign):
    box = thinking()
    for _ in range(5):
        box.wait(LIMITS.answer_limit_s - 1).tell(sign)
    assert box.ordered(ef.RenewLink) == []
    assert box.answer().drain().earcons == []


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: type(sign).__name__)
def test_it_is_not_waited_for_beyond_a_minute(sign):
    box = thinking()
    for _ in range(30):
        box.wait(2).tell(sign)
    assert len(box.ordered(ef.RenewLink)) == 1


def test_without_another_sign_the_wait_ends_as_ever():
    box = thinking().wait(5).tell(ev.AnswerProgressed())
    assert box.wait(LIMITS.answer_limit_s - 0.1).ordered(ef.RenewLink) == []
    assert len(box.wait(0.2).ordered(ef.RenewLink)) == 1


def test_an_answer_that_pauses_for_a_thought_has_not_stalled():
    box = speaking().wait(8).tell(ev.AnswerProgressed()).wait(8)
    assert box.ordered(ef.RenewLink) == []
    assert len(box.wait(2.1).ordered(ef.RenewLink)) == 1


def test_the_answer_after_a_filler_is_played():
    box = filler().drain()
    assert (box.state, box.earcons) == (State.THINKING, [])
    box.wait(5).tell(ev.AnswerAudio(SOUND))
    assert box.just_ordered(ef.Play) == [ef.Play(SOUND)]
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain()
    assert (box.state, box.earcons) == (State.IDLE, [])
    assert box.conversation.owed == ()


def test_the_answer_after_a_filler_may_begin_while_that_still_sounds():
    box = filler().tell(ev.AnswerAudio(SOUND))
    assert box.just_ordered(ef.Play) == [ef.Play(SOUND)]
    assert box.state is State.SPEAKING


def test_an_answer_that_never_follows_its_filler_is_told():
    box = filler().drain().wait(LIMITS.answer_limit_s + 0.1)
    assert box.earcons == [Earcon.NO_ANSWER]
    assert box.state is State.IDLE


def test_a_link_that_is_lost_after_a_filler_is_told():
    assert filler().drain().lose_link().earcons == [Earcon.LOST]


def test_a_press_after_a_filler_silences_what_would_have_followed():
    box = filler().tap().forget().tell(ev.AnswerAudio(SOUND), ev.AnswerPaused())
    assert box.ordered(ef.Play) == []
    assert box.tell(ev.AnswerEnded()).conversation.owed == ()


def test_a_filler_that_the_user_talks_over_is_over_whatever_the_service_says():
    box = speaking().say().tell(ev.AnswerInterrupted(), ev.AnswerPaused())
    assert box.answer().ordered(ef.Play)[-1] == ef.Play(SOUND)


def test_a_pause_that_nobody_waits_for_is_no_news():
    assert thinking().answer().drain().forget().tell(ev.AnswerPaused()).earcons == []


# A session in which one answer after the other comes to nothing.

NOTHING = (ev.AnswerEnded(),)
SILENCE = (ev.AnswerAudio(bytes(9600)), ev.AnswerGenerated(), ev.AnswerEnded())
HISS = (ev.AnswerAudio(b"\x05\x00\xfb\xff" * 2400 + b"\x05"), *SILENCE[1:])
REFUSED = (ev.AnswerEnded("RESPONSE_REJECTED"),)
CUT = (ev.AnswerAudio(SOUND), ev.AnswerEnded("GENERATED_AUDIO_SAFETY"))
FAILURES = [NOTHING, SILENCE, HISS, REFUSED, CUT]
NAMES = ["nothing", "silence", "hiss", "refused", "cut"]


@pytest.mark.parametrize("second", FAILURES, ids=NAMES)
@pytest.mark.parametrize("first", FAILURES, ids=NAMES)
def test_after_two_answers_in_a_row_that_came_to_nothing_the_session_is_left(
    first, second
):
    box = thinking().tell(*first).drain().wait(1)
    assert box.ordered(ef.ForgetSession) == []
    box.say().tell(*second).drain().wait(1)
    assert len(box.ordered(ef.ForgetSession)) == 1
    assert len(box.ordered(ef.RenewLink)) == 1
    box.link_up().forget().say().tell(*first).drain().wait(1)
    assert box.ordered(ef.ForgetSession) == []


def test_a_good_answer_in_between_is_a_new_beginning():
    box = thinking()
    for _ in range(2):
        box.tell(*REFUSED).wait(1).say().answer().drain().wait(1).say()
    assert box.ordered(ef.ForgetSession) == []


def test_the_next_link_of_the_session_is_no_new_beginning():
    box = thinking().tell(*REFUSED).lose_link().link_up().say().tell(*REFUSED).wait(1)
    assert len(box.ordered(ef.ForgetSession)) == 1


@pytest.mark.parametrize("answer", [SILENCE, HISS], ids=["silence", "hiss"])
def test_an_answer_in_which_nothing_can_be_heard_is_told(answer):
    assert thinking().tell(*answer).drain().earcons == [Earcon.NO_ANSWER]


def test_an_answer_that_begins_in_silence_is_an_answer():
    box = thinking().tell(ev.AnswerAudio(bytes(9600))).answer().drain()
    assert box.earcons == []


def test_a_silent_filler_is_none_of_the_users_business():
    box = thinking().tell(*SILENCE[:2], ev.AnswerPaused()).drain()
    assert box.earcons == []
    assert box.answer().drain().earcons == []
