# SPDX-License-Identifier: MIT
"""After a long pause the next turn begins a conversation of its own."""

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.link import LinkState
from tests.core.box import Box


def talked(**limits) -> Box:
    """A box that has answered once, and may sleep late."""
    wanted = {"forget_after_s": 120.0, "idle_disconnect_s": 400.0} | limits
    box = Box(**wanted).link_up().hear(1000).say()
    return box.answer().wait(0.2).drain()


def forgotten(box):
    """When, in seconds after now, the session was forgotten."""
    since, n = box.now, len(box.log)
    box.wait(3000)
    return [
        round(at - since)
        for at, effect in box.log[n:]
        if isinstance(effect, ef.ForgetSession)
    ]


def test_a_link_that_is_up_is_renewed_without_its_past_once():
    box = talked().wait(121)
    orders = [type(effect) for _, effect in box.log[-2:]]
    assert orders == [ef.ForgetSession, ef.RenewLink]
    assert box.conversation.link.state is LinkState.OPENING
    assert forgotten(box.link_up()) == []


def test_a_link_that_sleeps_is_not_woken_up():
    box = talked(idle_disconnect_s=30.0)
    assert forgotten(box) == [120]
    assert box.conversation.link.state is LinkState.DOWN
    assert box.ordered(ef.RenewLink) == []


def test_each_talk_is_forgotten_by_itself():
    box = talked().wait(121).link_up().say().answer().wait(0.2).drain()
    assert forgotten(box) == [120]


def test_a_box_that_was_not_talked_to_has_nothing_to_forget():
    assert forgotten(Box(forget_after_s=60.0).link_up()) == []


def test_a_turn_begun_before_that_goes_on_with_the_conversation():
    box = talked().wait(119).say()
    box.wait(3).answer().wait(0.2).drain()
    assert box.ordered(ef.ForgetSession) == []
    assert forgotten(box) == [120]


def test_what_was_forgotten_on_request_is_not_forgotten_again():
    asked = talked().tell(ev.NewConversation()).link_up()
    assert (len(asked.ordered(ef.ForgetSession)), forgotten(asked)) == (1, [])
    tapped = talked().tap().hear(200).tap().wait(0.5).link_up().drain()
    assert (len(tapped.ordered(ef.ForgetSession)), forgotten(tapped)) == (1, [])


def test_it_never_forgets_unless_it_is_told_to():
    assert forgotten(talked(forget_after_s=float("inf"))) == []
