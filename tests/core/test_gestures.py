# SPDX-License-Identifier: MIT
"""What presses mean: to hold, to toggle, and two taps."""

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode, TalkSettings
from tests.core.box import Box, idle, speaking

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


def test_two_taps_begin_a_new_conversation_at_once():
    box = two_taps(idle(), 200)
    assert box.just_ordered(ef.ForgetSession)
    assert box.just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.earcons == [Earcon.NEW]
    assert not box.turns


def test_two_slow_taps_are_two_taps():
    assert not two_taps(idle(), 700).ordered(ef.ForgetSession)


def test_the_third_tap_is_the_first_of_another_pair():
    box = two_taps(idle(), 100).hear(100).tap()
    assert len(box.ordered(ef.ForgetSession)) == 1


def test_two_taps_while_it_speaks_hush_and_forget():
    box = two_taps(speaking(), 100)
    assert box.ordered(ef.DropPlayback)
    assert box.ordered(ef.ForgetSession)
    box.link_up()
    assert not box.tell(ev.AnswerAudio(bytes(4800))).just_ordered(ef.Play)


def test_two_taps_while_the_link_sleeps_open_one_that_remembers_nothing():
    """The link that the first tap opens may be resuming already."""
    box = two_taps(idle().hear(310_000).forget(), 100)
    assert [order for _, order in box.log if not isinstance(order, _SPEAKER)] == [
        ef.OpenLink(),
        ef.ForgetSession(),
        ef.RenewLink(unresponsive=False),
    ]
    assert box.earcons == [Earcon.NEW]


def test_a_hold_after_a_tap_is_a_hold():
    box = idle().tap().hear(100).say(1000)
    assert not box.ordered(ef.ForgetSession)
    assert box.turns == ["open 1", "close 1"]


def test_a_conversation_that_is_to_end_is_forgotten_once_its_answer_was_heard():
    box = speaking().tell(ev.NewConversation()).hear(500)
    assert not box.ordered(ef.ForgetSession)
    box.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().hear(200)
    assert len(box.ordered(ef.ForgetSession)) == 1
    assert box.ordered(ef.RenewLink)
