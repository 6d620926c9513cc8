# SPDX-License-Identifier: MIT
"""The link and the session as values."""

from appliance.core.effects import OpenTurn
from appliance.core.link import Link, LinkState, Session
from appliance.core.outbox import Outbox


def test_a_link_that_was_ordered_is_neither_up_nor_down():
    link = Link().open()
    assert link.state is LinkState.OPENING
    assert not link.is_up
    assert not link.is_down
    assert link.tried_at == float("-inf")
    assert link.try_at(5.0).tried_at == 5


def test_the_earliest_word_of_its_end_counts_until_the_next_link_is_up():
    link = Link().come_up().expire(9.0).expire(7.0).expire(8.0)
    assert link.expiring_by == 7
    assert link.come_up().expiring_by == float("inf")


def test_a_link_that_is_left_takes_with_it_what_it_was_told_to_send():
    link = Link(outbox=Outbox().order(OpenTurn(1), 1.0)).come_up()
    left = link.leave(3.0)
    assert left == Link(was_up=True, left_at=3.0)
    assert left.state is LinkState.DOWN


def test_only_a_link_that_was_up_is_left():
    assert Link().open().leave(3.0).left_at == float("-inf")


def test_a_session_that_was_forgotten_goes_on_with_the_next_turn():
    assert Session().end().forget(4) == Session(forgotten_through=4)
