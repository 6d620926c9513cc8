# SPDX-License-Identifier: MIT
"""A link that is lost at any instant loses nothing, or says so."""

import pytest

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.link import LinkState
from appliance.core.signals import FATAL_FAULTS, LINK_FAULTS, Earcon, Fault, earcon_of
from tests.core.box import SOUND, Box

MENDING_FAULTS = LINK_FAULTS - FATAL_FAULTS


def online():
    return Box().link_up().hear(1000)


def asked():
    return online().say().hear(500)


@pytest.mark.parametrize("ms", [300, 700, 1000, 5000])
def test_turn_cut_by_a_lost_link_is_not_open_and_is_sent_again_whole(ms):
    box = online().press().hear(ms).lose_link()
    assert not box.turn_open
    box.hear(500).link_up().hear(500).release().hear(400)
    assert box.wire.turns[-1].closed
    assert box.said == (-300, ms + 1200)


def test_release_while_the_link_is_down_is_sent_when_it_is_up():
    box = online().press().hear(1000).lose_link().release().hear(400)
    assert box.state is State.THINKING
    box.link_up()
    assert box.turns == ["open 1", "open 1", "close 1"]
    assert box.said == (-300, 1200)


def test_utterance_not_yet_being_answered_is_sent_again():
    box = asked().lose_link()
    assert len(box.conversation.owed) == 0
    assert box.link_up().turns == ["open 1", "close 1"] * 2
    assert box.answer().ordered(ef.Play)
    assert not box.earcons


def test_utterance_that_two_links_failed_is_audibly_lost():
    box = asked().lose_link().link_up().lose_link()
    assert box.earcons == [Earcon.LOST]
    assert box.state is State.IDLE
    assert len(box.link_up().wait(60).turns) == 4


def test_links_that_could_not_be_opened_do_not_count():
    box = asked().lose_link()
    for _ in range(5):
        box.tell(ev.LinkOpening()).lose_link().wait(1)
    assert not box.earcons
    assert box.link_up().turns == ["open 1", "close 1"] * 2


def test_utterance_still_being_said_can_be_lost_too_and_the_hold_is_over():
    box = online().press().hear(1000).lose_link().link_up().hear(300).lose_link()
    assert box.earcons == [Earcon.LOST]
    assert box.state is State.IDLE
    assert not box.forget().link_up().hear(1000).release().hear(1000).turns


def test_utterance_being_answered_is_not_sent_again():
    box = asked().tell(ev.AnswerAudio(SOUND)).lose_link().link_up().wait(1)
    assert box.turns == ["open 1", "close 1"]


def test_utterance_to_be_sent_again_has_all_its_time_to_find_a_link():
    box = asked().wait(9).lose_link().wait(25)
    assert not box.earcons
    assert box.link_up().turns == ["open 1", "close 1"] * 2


def test_delivery_limit_below_the_answer_limit_still_lets_it_be_sent_again():
    box = Box(delivery_limit_s=5.0).link_up().hear(1000).say().wait(11)
    assert box.ordered(ef.RenewLink)
    assert not box.earcons
    assert box.link_up().turns == ["open 1", "close 1"] * 2


def test_lost_while_talking_leaves_the_hold_alone():
    """An older utterance fails for the second time; the new one is still said."""
    box = asked().lose_link().link_up().press().hear(300)
    box.lose_link()
    assert box.earcons == [Earcon.LOST]
    assert box.state is State.LISTENING
    box.link_up().hear(700).release().hear(400)
    assert box.wire.turns[-1].turn == 2
    assert box.said[1] == 1200


def test_link_that_opens_without_having_been_lost_starts_anew():
    box = online().press().hear(1000).link_up()
    assert box.turns == ["open 1", "open 1"]
    assert box.release().hear(400).said == (-300, 1200)


@pytest.mark.parametrize("fault", sorted(MENDING_FAULTS, key=str))
def test_link_fault_while_talking_is_heard_and_the_hold_goes_on(fault):
    box = online().press().hear(1000).lose_link(fault)
    assert box.earcons == [earcon_of(fault)]
    assert box.state is State.LISTENING
    assert box.release().hear(400).link_up().turns[-1] == "close 1"


@pytest.mark.parametrize("fault", sorted(MENDING_FAULTS, key=str))
def test_link_fault_while_an_answer_is_awaited_is_heard(fault):
    box = asked().lose_link(fault)
    assert box.earcons == [earcon_of(fault)]
    assert box.pattern == f"{fault.value}-blink"
    assert box.link_up().pattern == "thinking"


def test_link_fault_is_heard_once_however_often_it_is_tried_again():
    box = online().press().hear(1000)
    for _ in range(3):
        box.lose_link(Fault.NETWORK).tell(ev.LinkOpening()).hear(200)
    assert box.earcons == [Earcon.NO_NETWORK]


@pytest.mark.parametrize("fault", sorted(LINK_FAULTS, key=str))
def test_link_fault_while_idle_is_seen_not_heard(fault):
    box = online().lose_link(fault)
    assert not box.earcons
    assert box.pattern == f"{fault.value}-blink"


@pytest.mark.parametrize("fault", sorted(FATAL_FAULTS, key=str))
def test_fatal_fault_while_talking_ends_the_hold_and_says_why(fault):
    box = online().press().hear(1000).lose_link(fault)
    assert box.earcons == [earcon_of(fault), Earcon.LOST]
    assert box.state is State.IDLE
    assert not box.forget().hear(1000).release().hear(1000).log


@pytest.mark.parametrize("fault", sorted(FATAL_FAULTS, key=str))
def test_fatal_fault_while_an_answer_is_awaited_says_why(fault):
    box = asked().lose_link(fault)
    assert box.earcons == [earcon_of(fault), Earcon.LOST]
    assert box.wait(3).pattern == f"{fault.value}-blink"


def test_fatal_fault_is_tried_again_on_press():
    box = online().lose_link(Fault.KEY).press()
    assert box.earcons == [Earcon.KEY_REJECTED]
    assert box.just_ordered(ef.OpenLink)


def test_loss_that_mends_itself_replaces_the_fault_before():
    box = online().lose_link(Fault.NETWORK).tell(ev.LinkOpening()).lose_link()
    assert not box.conversation.faults


def test_link_lost_leaves_the_faults_of_the_devices():
    box = online().tell(ev.FaultRaised(Fault.SPEAKER)).lose_link()
    assert box.conversation.faults == {Fault.SPEAKER}


def test_what_a_link_that_was_left_had_taken_is_not_asked_about():
    box = Box().link_up().hear(1000).press().hear(500)
    box.clogged = True
    box.hear(500)
    (order, *_) = box.conversation.link.outbox.waiting
    box.lose_link()
    before = box.conversation
    assert box.tell(ev.OrderTaken(order)).conversation.utterances == before.utterances


def test_link_lost_while_something_waits_is_tried_again_at_once():
    box = online().press().hear(1000).lose_link()
    assert box.just_ordered(ef.OpenLink)
    assert box.conversation.link.state is LinkState.OPENING


def test_link_lost_while_nothing_waits_is_left_to_the_back_off():
    assert not online().lose_link().wait(60).ordered(ef.OpenLink)


def test_while_an_utterance_waits_a_link_is_tried_every_two_seconds():
    box = asked().lose_link(Fault.NETWORK).forget()
    for _ in range(5):
        box.tell(ev.LinkOpening()).lose_link(Fault.NETWORK).wait(1.9)
        assert not box.ordered(ef.OpenLink)
        box.wait(0.2)
        assert len(box.ordered(ef.OpenLink)) == 1
        box.forget()


def test_whole_utterance_cut_twice_by_expiring_links_is_audibly_lost():
    box = asked()
    for _ in range(2):
        assert not box.earcons
        box.tell(ev.LinkExpiring(box.now)).link_up()
    assert box.earcons == [Earcon.NO_ANSWER]
    assert len(box.wait(60).turns) == 4


def test_half_an_utterance_cut_by_expiring_links_is_said_on():
    box = online().press().hear(1000)
    for _ in range(3):
        box.tell(ev.LinkExpiring(box.now)).link_up().hear(300)
    assert box.release().hear(400).said == (-300, 2100)
    assert not box.earcons
