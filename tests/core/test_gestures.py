# SPDX-License-Identifier: MIT
"""What presses mean: to hold, to toggle, two taps and three."""

import pytest

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.sentences import Sentence
from appliance.core.signals import Earcon, Fault
from appliance.core.talk_mode import TalkMode, TalkSettings
from tests.core.box import SOUND, Box, idle, speaking

_SPEAKER = ef.DropPlayback | ef.PlayEarcon


def toggling():
    box = idle()
    box.conversation = replace(box.conversation, talk=TalkSettings(TalkMode.TOGGLE))
    return box


def test_toggle_listens_from_one_press_to_the_next():
    box = toggling().press().hear(100).release().hear(1900)
    assert box.state is State.LISTENING
    box.tell(ev.TalkPressed(box.now)).hear(400)
    assert box.state is State.THINKING
    assert box.said == (-300, 2200)


def test_the_hold_limit_ends_a_toggled_turn_too():
    box = toggling().press().release().hear(61_000)
    assert box.turns == ["open 1", "close 1"]
    assert box.earcons == [Earcon.CUT_OFF]
    assert box.press().hear(500).state is State.LISTENING


def test_two_quick_presses_are_a_tap_in_toggle_mode():
    box = toggling().press().hear(128).press().hear(500)
    assert not box.turns


def test_a_press_while_it_speaks_silences_and_listens_in_toggle_mode():
    box = speaking()
    box.conversation = replace(box.conversation, talk=TalkSettings(TalkMode.TOGGLE))
    box.press().release()
    assert box.just_ordered(ef.DropPlayback) or box.ordered(ef.DropPlayback)
    assert box.hear(500).state is State.LISTENING


def two_taps(box: Box, apart_ms: float) -> Box:
    return box.tap().hear(apart_ms).tap()


def test_two_taps_begin_a_new_conversation_as_no_third_follows():
    box = two_taps(idle(), 200).hear(450)
    assert not box.ordered(ef.ForgetSession)
    box.hear(60)
    assert box.ordered(ef.ForgetSession)
    assert box.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.earcons == [Earcon.NEW]
    assert not box.turns


def test_two_slow_taps_are_two_taps():
    assert not two_taps(idle(), 700).hear(1000).ordered(ef.ForgetSession)


def three_taps(box: Box, apart_ms: float = 100) -> Box:
    return two_taps(box, apart_ms).hear(apart_ms).tap()


def test_three_taps_tell_how_and_where_the_box_is_and_forget_nothing():
    box = three_taps(idle()).hear(1000).drain()
    assert box.earcons == [Earcon.READY]
    (status,) = box.ordered(ef.SayStatus)
    assert status == ef.SayStatus(Sentence.READY, 100, box.conversation.speaker.segment)
    assert not box.ordered(ef.ForgetSession)
    assert not box.turns


def test_three_taps_are_told_each_time():
    box = three_taps(idle()).drain().drain().hear(1000)
    three_taps(box).drain()
    assert len(box.ordered(ef.SayStatus)) == 2


def test_a_third_tap_that_is_too_late_is_the_first_of_another_pair():
    box = two_taps(idle(), 100).hear(450).tap().hear(1000).drain()
    assert len(box.ordered(ef.ForgetSession)) == 1
    assert not box.ordered(ef.SayStatus)
    assert box.earcons == [Earcon.NEW]


def test_the_fourth_tap_silences_what_is_told():
    box = three_taps(idle()).drain().forget().tap()
    assert box.ordered(ef.DropPlayback)
    assert not box.hear(1000).ordered(ef.ForgetSession)


@pytest.mark.parametrize("released_after_ms", [250, 300, 2000])
def test_a_hold_after_two_taps_waits_for_no_third_and_is_heard_by_nobody_who_remembers(
    released_after_ms,
):
    box = two_taps(Box(forget_after_s=60.0).link_up(), 100).hear(100).forget()
    box.press().hear(240)
    assert not box.ordered(ef.ForgetSession)
    box.hear(released_after_ms - 240).release().hear(500)
    assert len(box.ordered(ef.ForgetSession)) == 1
    assert not box.earcons, "into the hold"
    box.link_up().hear(100)
    assert box.turns == ["open 1", "close 1"]
    assert box.said[0] == -300.0
    box.answer().drain().wait(61)
    assert len(box.ordered(ef.ForgetSession)) == 2, "forgotten when it is old"


def test_three_taps_without_a_network_tell_the_fault_and_where():
    box = three_taps(Box().lose_link(Fault.NETWORK).forget()).drain()
    assert box.earcons == [Earcon.NO_NETWORK] * 3
    (status,) = box.ordered(ef.SayStatus)
    assert status.state is Sentence.NETWORK
    assert not box.ordered(ef.Say)


def used_up() -> Box:
    return idle().tell(ev.FaultRaised(Fault.DAILY_LIMIT, "")).forget()


def test_three_presses_tell_where_when_the_day_is_used_up_and_two_forget_nothing():
    box = used_up()
    for _ in range(2):
        box.press().hear(100).release().hear(100)
    assert not box.hear(1000).drain().ordered(ef.SayStatus)
    for _ in range(3):
        box.press().hear(100).release().hear(100)
    (status,) = box.drain().ordered(ef.SayStatus)
    assert status.state is Sentence.DAILY_LIMIT
    assert not box.ordered(ef.ForgetSession)


def test_three_presses_in_a_row_tell_where_and_leave_an_open_microphone_closed():
    box = idle()
    talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex=True)
    box.conversation = replace(box.conversation, talk=talk)
    box.wire.unnumbered = True
    box.hear(500)
    for _ in range(3):
        box.press().hear(100).release().hear(100)
    box.hear(1000).drain().hear(500)
    assert not box.conversation.microphone
    assert len(box.ordered(ef.SayStatus)) == 1
    box.drain().hear(1000).press().release().hear(1000)
    assert box.state is State.LISTENING
    box.press().hear(2000)
    assert not box.ordered(ef.ForgetSession)


def test_two_taps_while_it_speaks_hush_and_forget():
    box = two_taps(speaking(), 100).hear(500)
    assert box.ordered(ef.DropPlayback)
    assert box.ordered(ef.ForgetSession)
    box.link_up()
    assert not box.tell(ev.AnswerAudio(SOUND)).just_ordered(ef.Play)


def test_two_taps_while_the_link_sleeps_open_one_that_remembers_nothing():
    """The link that the first tap opens may be resuming already."""
    box = two_taps(idle().hear(310_000).forget(), 100).wait(0.5)
    assert [order for _, order in box.log if not isinstance(order, _SPEAKER)] == [
        ef.OpenLink(),
        ef.ForgetSession(),
        ef.RenewLink(unresponsive=False),
    ]
    assert box.earcons == [Earcon.NEW]


def test_a_hold_after_a_tap_is_a_hold():
    box = idle().tap().hear(100).say(1000).hear(1000)
    assert not box.ordered(ef.ForgetSession)
    assert box.turns == ["open 1", "close 1"]


def test_a_conversation_that_is_to_end_is_forgotten_once_its_answer_was_heard():
    box = speaking().tell(ev.NewConversation()).hear(500)
    assert not box.ordered(ef.ForgetSession)
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().hear(200)
    assert len(box.ordered(ef.ForgetSession)) == 1
    assert box.ordered(ef.RenewLink)
