# SPDX-License-Identifier: MIT
"""What happens around the turns: the link, faults, renewal, sleep and the stop."""

import pytest

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.link import LinkState
from appliance.core.signals import Earcon, Fault
from tests.core.box import STATES, Box, idle, listening, speaking, thinking


def test_press_while_the_link_is_down_opens_it_at_once():
    box = Box().hear(1000).press()
    assert box.just_ordered(ef.OpenLink)
    assert box.conversation.link.state is LinkState.OPENING


@pytest.mark.parametrize("link", [ev.LinkOpening(), ev.LinkUp()])
def test_press_with_a_link_does_not_open_another(link):
    assert not Box().tell(link).press().ordered(ef.OpenLink)


def test_hold_before_the_link_is_up_is_sent_when_it_is():
    box = Box().hear(1000).press().hear(1000)
    assert not box.wire.turns
    box.link_up()
    assert box.turn_open
    assert box.release().hear(400).said == (-300, 1200)


def test_soonest_of_two_expiries_counts():
    box = listening()
    box.tell(ev.LinkExpiring(box.now + 2), ev.LinkExpiring(box.now + 9))
    assert box.hear(2100).ordered(ef.RenewLink)


def test_link_is_renewed_between_two_turns():
    box = thinking().tell(ev.LinkExpiring(2000.0))
    assert not box.ordered(ef.RenewLink)
    box.answer()
    assert not box.ordered(ef.RenewLink)
    assert box.drain().just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.conversation.link.state is LinkState.OPENING


def test_idle_link_is_renewed_at_once():
    box = idle().tell(ev.LinkExpiring(2000.0))
    assert box.just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_renewal_waits_for_the_end_of_a_hushed_answer():
    box = speaking().tap().tell(ev.LinkExpiring(2000.0))
    assert not box.ordered(ef.RenewLink)
    assert box.tell(ev.AnswerEnded()).just_ordered(ef.RenewLink)


def test_renewal_is_forced_when_its_time_is_up():
    box = listening()
    box.tell(ev.LinkExpiring(box.now + 2)).hear(1990)
    assert not box.ordered(ef.RenewLink)
    assert box.hear(20).ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_turn_cut_by_a_forced_renewal_is_sent_again_whole():
    box = listening()
    box.tell(ev.LinkExpiring(box.now + 1)).hear(2000).link_up()
    box.release().hear(400)
    assert box.turns == ["open 1", "open 1", "close 1"]
    assert box.said == (-300, 3200)


def test_renewed_link_expires_on_its_own_terms():
    box = idle().tell(ev.LinkExpiring(2000.0)).forget().link_up().wait(250)
    assert not box.ordered(ef.RenewLink)


def test_expiry_of_a_link_that_is_not_up_is_ignored():
    box = Box().tell(ev.LinkOpening(), ev.LinkExpiring(0.0))
    assert not box.tell(ev.LinkUp()).ordered(ef.RenewLink)


def test_idle_link_is_closed_quietly_after_a_while():
    box = thinking().answer().drain()
    assert not box.wait(299).ordered(ef.CloseLink)
    assert box.wait(2).ordered(ef.CloseLink)
    assert box.pattern == "idle"
    assert not box.earcons
    assert box.press().just_ordered(ef.OpenLink)


@pytest.mark.parametrize("state", [State.THINKING, State.SPEAKING])
def test_busy_link_is_not_closed(state):
    box = STATES[state]()
    assert not box.wait(9).ordered(ef.CloseLink)


@pytest.mark.parametrize("fault", Fault)
def test_press_with_a_fault_plays_its_earcon_at_once(fault):
    box = idle().tell(ev.FaultRaised(fault))
    assert not box.earcons
    box.press()
    assert box.just_ordered(ef.PlayEarcon)
    assert [fault.name for fault in box.conversation.faults] == [fault.name]


def test_press_with_two_faults_plays_the_first():
    box = idle().tell(ev.FaultRaised(Fault.CLOCK), ev.FaultRaised(Fault.NETWORK))
    assert box.press().earcons == [Earcon.NO_NETWORK]


def test_fault_that_is_cleared_is_silent():
    box = idle().tell(ev.FaultRaised(Fault.SPEAKER), ev.FaultCleared(Fault.SPEAKER))
    assert not box.press().earcons


def test_link_up_clears_the_faults_of_the_link_only():
    box = Box().tell(*(ev.FaultRaised(fault) for fault in Fault)).link_up()
    not_of_the_link = {Fault.MICROPHONE, Fault.SPEAKER, Fault.DAILY_LIMIT}
    assert box.conversation.faults == not_of_the_link


def test_microphone_fault_while_listening_is_heard_and_what_was_said_is_sent():
    box = listening().tell(ev.FaultRaised(Fault.MICROPHONE))
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.state is State.THINKING


def test_microphone_fault_in_a_hold_that_heard_nothing_is_told_once():
    box = Box().link_up().press().wait(2).tell(ev.FaultRaised(Fault.MICROPHONE))
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.state is State.IDLE


def test_microphone_fault_within_a_tap_is_heard():
    box = idle().press().tell(ev.FaultRaised(Fault.MICROPHONE))
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.state is State.IDLE


def test_hold_that_hears_nothing_at_all_is_told():
    box = Box().link_up().press().wait(1).release().wait(1.5)
    assert box.earcons == [Earcon.MICROPHONE]
    assert box.state is State.IDLE
    assert not box.turns


def test_hold_with_a_dead_microphone_is_told_on_press_and_when_nothing_was_heard():
    box = Box().link_up().tell(ev.FaultRaised(Fault.MICROPHONE)).press()
    assert box.earcons == [Earcon.MICROPHONE]
    box.wait(1).release().wait(1.5)
    assert box.earcons == [Earcon.MICROPHONE] * 2
    assert box.state is State.IDLE


def test_devices_ready_is_heard():
    assert Box().tell(ev.DevicesReady()).earcons == [Earcon.READY]


def test_stop_closes_the_link_and_sends_nothing_more():
    box = listening().tell(ev.StopRequested())
    assert box.just_ordered(ef.CloseTurn) == [ef.CloseTurn(1)]
    assert box.just_ordered(ef.CloseLink)
    assert not box.forget().hear(1000).log


def test_stop_while_idle_closes_the_link():
    assert idle().tell(ev.StopRequested()).just_ordered(ef.CloseLink)


def test_stop_forgets_what_the_closed_link_owed():
    box = thinking().tell(ev.StopRequested())
    assert len(box.conversation.owed) == 0


@pytest.mark.parametrize(
    "event",
    [
        ev.CaptureOverran(0),
        ev.PlaybackStarted(0),
        ev.PlaybackSilenced(0),
        ev.PlaybackUnderran(0),
        ev.TimePassed(),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_event_of_the_journal_only_changes_nothing(state, event):
    box = STATES[state]().forget()
    before = box.conversation
    after = box.tell(event).conversation
    assert replace(after, active_at=before.active_at) == before
    assert not box.log


def test_deadline_is_none_when_nothing_will_happen_by_itself():
    assert Box().deadline_s is None


def test_deadline_names_the_next_timer():
    assert idle().deadline_s == pytest.approx(300 - 1)
    assert thinking().deadline_s < 10
