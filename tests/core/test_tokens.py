# SPDX-License-Identifier: MIT
"""What a day uses is counted, and ends it when that is enough, audibly."""

import pytest

from appliance.config.sections import PricesSection
from appliance.core import budget
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State, start
from appliance.core.signals import Earcon, Fault
from appliance.core.talk_mode import HOLD, TalkMode, TalkSettings
from appliance.core.tokens import Spent, Tokens, cost
from appliance.core.volume import Volume
from tests.core.box import LIMITS, SOUND, Box, thinking

DAY = 739_000


def used(box, tokens):
    """`box` after a whole turn that used so many."""
    box.say().tell(ev.AnswerAudio(SOUND), ev.TokensCounted(tokens))
    return box.tell(ev.AnswerEnded()).wait(0.3).drain().hear(1000)


def limited(**limits):
    box = Box(tokens_per_day=1000, **limits).link_up().hear(1000)
    return box.tell(ev.DayBegan(DAY))


def total(box):
    return box.conversation.budget.spent.tokens.total


def test_tokens_are_added_and_taken_away_kind_by_kind():
    one, two = Tokens(1, 2, 3, 4, 5), Tokens(10, 20, 30, 40, 50)
    assert one + two - one == two
    assert (two.total_in, two.total_out, two.total) == (60, 90, 150)


def test_the_cost_is_that_of_the_price_table():
    prices = PricesSection()
    million = 10**6
    assert cost(Tokens(audio_in=million), prices) == 3.0
    assert cost(Tokens(audio_out=million), prices) == 12.0
    assert cost(Tokens(million, 0, million, million), prices) == 0.75 + 1 + 4.5
    # Half a minute each way: 25 tokens a second.
    assert cost(Tokens(audio_in=750, audio_out=750), prices) == pytest.approx(0.01125)


def test_of_what_a_turn_is_told_to_use_the_last_word_counts():
    box = thinking().tell(ev.TokensCounted(Tokens(1, 100)))
    box.tell(ev.TokensCounted(Tokens(1, 100, audio_out=30)))
    assert box.conversation.budget.spent.tokens == Tokens(1, 100, audio_out=30)


def test_each_turn_counts_also_one_that_a_lost_link_ends():
    box = used(used(limited(), Tokens(audio_in=100)), Tokens(audio_in=120))
    box.say().tell(ev.TokensCounted(Tokens(audio_in=140))).lose_link().link_up()
    box.tell(ev.TokensCounted(Tokens(audio_in=5)))
    assert total(box) == 100 + 120 + 140 + 5


def test_a_press_beyond_the_limit_is_refused_with_its_own_sound_and_blinks():
    box = used(limited(), Tokens(audio_in=900, audio_out=100))
    assert box.pattern == "8-blink"
    box.forget().press()
    assert box.earcons == [Earcon.DAILY_LIMIT]
    assert isinstance(box.log[0][1], ef.DropPlayback)
    box.hear(2000).release().hear(1000)
    assert box.state is State.IDLE
    assert box.turns == []


def test_the_turn_that_reaches_the_limit_is_answered_to_its_end():
    box = limited().say().tell(ev.TokensCounted(Tokens(audio_in=1000)))
    box.tell(ev.AnswerAudio(SOUND))
    assert box.state is State.SPEAKING
    assert box.tell(ev.AnswerEnded()).just_ordered(ef.Drain)


def test_a_press_within_the_limit_is_a_press():
    box = used(limited(), Tokens(audio_in=999))
    assert box.pattern == "idle"
    assert box.press().state is State.LISTENING


def test_the_next_day_begins_with_nothing_used():
    box = used(limited(), Tokens(audio_in=1000)).tell(ev.DayBegan(DAY + 1))
    assert (total(box), box.conversation.faults) == (0, frozenset())
    assert box.press().state is State.LISTENING


def test_a_clock_that_lags_behind_resets_nothing():
    box = used(limited(), Tokens(audio_in=1000))
    box.tell(ev.DayBegan(DAY - 1), ev.DayBegan(DAY))
    assert Fault.DAILY_LIMIT in box.conversation.faults


def test_a_clock_that_was_far_ahead_does_not_count_for_years():
    box = used(limited().tell(ev.DayBegan(DAY + 4000)), Tokens(audio_in=1000))
    assert total(box.tell(ev.DayBegan(DAY))) == 0


def test_without_a_clock_it_counts_on():
    box = used(Box(tokens_per_day=1000).link_up().hear(1000), Tokens(audio_in=600))
    assert total(used(box, Tokens(audio_in=600))) == 1200
    assert total(box.tell(ev.DayBegan(DAY))) == 1200
    assert Fault.DAILY_LIMIT in box.conversation.faults


def test_a_higher_limit_lets_it_talk_again():
    box = used(limited(), Tokens(audio_in=1000))
    box.tell(ev.ConfigChanged(LIMITS, HOLD, relink=False, volume=Volume()))
    assert box.press().state is State.LISTENING


def test_what_was_used_before_the_box_was_switched_off_counts():
    begun = start(Box(tokens_per_day=1000).conversation.limits, 0.0)
    spent = Spent(DAY, Tokens(audio_in=1000))
    assert Fault.DAILY_LIMIT in budget.start(begun, spent).faults


def open_microphone():
    """Hands-free, and little left of the day."""
    box = limited()
    limits = box.conversation.limits
    box.tell(
        ev.ConfigChanged(limits, TalkSettings(TalkMode.HANDS_FREE), False, Volume())
    )
    box.wire.unnumbered = True
    return box.press().release().hear(2000)


def test_an_open_microphone_that_the_limit_closes_lets_the_last_question_be_answered():
    box = open_microphone().forget().tell(ev.TokensCounted(Tokens(audio_in=1000)))
    assert box.turns == ["close 1"]
    (silence,) = (order.pcm for order in box.ordered(ef.SendAudio))
    assert not any(silence)
    assert box.answer().ordered(ef.Play)
    assert open_microphone().tell(
        ev.TokensCounted(Tokens(audio_in=1000)), ev.LinkLost(None, "gone")
    ).earcons == [Earcon.DAILY_LIMIT, Earcon.LOST]


def test_a_remark_that_never_comes_keeps_no_microphone_open_beyond_the_limit():
    box = open_microphone().tell(ev.ToolCalled("1", "timer", b"{}", blocking=False))
    box.tell(ev.AnswerAudio(SOUND), ev.AnswerEnded()).drain().hear(500)
    box.tell(ev.ToolAnswered("1", b"{}"), ev.TokensCounted(Tokens(audio_in=1000)))
    assert box.conversation.microphone is None
    assert box.earcons == [Earcon.DAILY_LIMIT]


def test_what_waits_for_a_link_is_no_less_said_for_the_limit():
    waiting = open_microphone().lose_link().hear(1000).press().hear(200).forget()
    waiting.tell(ev.TokensCounted(Tokens(audio_in=1000))).hear(500)
    assert waiting.earcons == []
    assert waiting.press().earcons == [Earcon.DAILY_LIMIT]
    assert waiting.drain().hear(500).link_up().turns == ["open 1", "close 1"]
    assert waiting.answer().ordered(ef.Play)


def test_an_open_microphone_closes_when_the_last_answer_was_heard():
    box = open_microphone().tell(ev.AnswerAudio(SOUND))
    box.tell(ev.TokensCounted(Tokens(audio_in=1000)), ev.AnswerEnded())
    assert box.conversation.microphone
    box.forget().wait(0.2).drain().wait(0.2)
    assert box.conversation.microphone is None
    assert box.earcons == [Earcon.DAILY_LIMIT]
    box.drain().forget().press()
    assert box.conversation.microphone is None
    assert box.earcons == [Earcon.DAILY_LIMIT]
    assert box.turns == []


def test_tokens_that_are_told_after_the_end_of_their_turn_count_beside_the_next():
    box = thinking().answer().tell(ev.TokensCounted(Tokens(audio_in=7))).drain().wait(1)
    box.say().tell(ev.AnswerAudio(SOUND), ev.TokensCounted(Tokens(audio_in=9)))
    box.tell(ev.AnswerEnded())
    assert box.conversation.budget.spent.tokens.total_in == 16


def test_hands_free_tokens_that_are_told_late_count_beside_the_next():
    box = open_microphone().tell(ev.AnswerAudio(SOUND), ev.AnswerEnded())
    box.tell(ev.TokensCounted(Tokens(audio_in=7))).drain().wait(1)
    box.tell(ev.AnswerAudio(SOUND), ev.TokensCounted(Tokens(audio_in=9)))
    assert box.conversation.budget.spent.tokens.total_in == 16
