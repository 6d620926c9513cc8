# SPDX-License-Identifier: MIT
"""Another configuration, between two turns."""

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.link import LinkState
from appliance.core.signals import Fault
from appliance.core.talk_mode import HOLD
from appliance.core.volume import Volume
from tests.core.box import idle


def changed(box, *, relink=False, **limits):
    """`box` after its limits changed."""
    new = type(box)(**limits).conversation.limits
    return box.tell(ev.ConfigChanged(new, HOLD, relink, Volume()))


def test_new_limits_hold_from_the_next_press_on():
    box = changed(idle(), hold_limit_s=12.0).press().hear(12_500)
    assert box.conversation.hold is None
    assert box.said[1] == 12_000


def test_a_link_that_stays_as_it_is_is_left_alone():
    assert not changed(idle()).just_ordered(ef.RenewLink)


def test_a_link_that_changes_is_renewed():
    box = changed(idle(), relink=True)
    assert box.just_ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]
    assert box.conversation.link.state is LinkState.OPENING


def test_a_link_that_sleeps_is_not_woken_up():
    box = idle().wait(400)
    assert box.conversation.link.state is LinkState.DOWN
    assert not changed(box, relink=True).just_ordered(ef.RenewLink)


def test_what_was_refused_is_tried_again_at_once():
    box = idle().lose_link(Fault.REFUSED)
    assert changed(box, relink=True).just_ordered(ef.RenewLink)
