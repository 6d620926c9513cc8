# SPDX-License-Identifier: MIT
"""Random walks: any order, audio in flight, links that fail; in each way to talk."""

import pytest

import appliance.core.advance as core
from appliance.core import tail
from appliance.core.signals import Earcon
from tests.core.hands_free_walk import OpenWalk
from tests.core.walks import Bounded, Chaos, seed, steps
from tests.core.world import World

#: The unit tests cover the core without them, and it takes a third of the time.
pytestmark = pytest.mark.no_cover


@pytest.fixture
def walk(monkeypatch):
    def bounded(walk: Bounded) -> Bounded:
        monkeypatch.setattr(core, "timers", walk.counted)
        return walk

    return bounded


@pytest.mark.parametrize("toggling", [False, True])
def test_any_event_in_any_order_keeps_the_wire_in_order(walk, toggling):
    chaos = walk(Chaos(seed(), toggling=toggling))
    chaos.run(steps())
    assert len(chaos.wire.turns) > steps() / 1000


def test_a_tail_that_listens_ends_between_the_release_and_its_full_length(
    walk, monkeypatch
):
    listening = walk(Chaos(seed(), listening=True))
    monkeypatch.setattr(tail, "is_over", lambda *_: listening.rng.random() < 0.5)
    listening.run(steps())
    assert listening.ended_early > steps() / 10_000


def test_no_stale_answer_is_heard_and_the_last_one_always_is(walk):
    world = walk(World(seed(), troubled=False))
    world.run(steps())
    assert len(world.heard) > steps() / 400
    assert world.tools_answered > steps() / 5000
    assert world.remarked > steps() / 5000
    assert set(world.earcons) <= {Earcon.CUT_OFF, Earcon.NEW, Earcon.READY}


def test_whatever_becomes_of_the_link_nothing_said_is_lost_silently(walk):
    world = walk(World(seed(), troubled=True))
    world.run(steps())
    assert len(world.heard) > steps() / 800
    assert world.settled >= steps() // 10_000
    told = {Earcon.LOST, Earcon.NO_ANSWER, Earcon.NO_NETWORK}
    assert steps() < 20_000 or told <= set(world.earcons)
    assert world.sentences.said > steps() / 5000


def test_toggling_loses_nothing_silently_and_no_stale_answer_is_heard(walk):
    world = walk(World(seed(), troubled=True, toggling=True))
    world.run(steps())
    assert len(world.heard) > steps() / 800
    assert world.settled >= steps() // 10_000


@pytest.mark.parametrize("half_duplex", [True, False])
def test_an_open_microphone_hears_only_the_user_and_nothing_stale_sounds(
    walk, half_duplex
):
    opened = walk(OpenWalk(seed(), half_duplex=half_duplex))
    opened.run(steps())
    assert opened.carried > steps() / 100
    assert opened.played > steps() / 100
    assert opened.stale > steps() / 1000
    assert opened.closed > steps() / 1000
    assert opened.waited > steps() / 5000
    assert steps() < 20_000 or len(opened.told_tools) == 2
