# SPDX-License-Identifier: MIT
"""Each way to talk, and the exact transcript of what it puts on the wire."""

import pytest
from living_box import CALM, compact, living_box
from patience import in_loop, noise

from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.events import LinkUp
from appliance.core.signals import Earcon
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario

SETUP = ["> setup", "< setupComplete"]
TURN = ["> activityStart", "> audio", "> activityEnd"]
ANSWER = ["< audio", "< generationComplete", "< turnComplete"]
GOODBYE = ["> close 1000"]

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
TOGGLE = CALM.changed(button=CALM.button.changed(mode="toggle"))


@pytest.fixture
def talkative_card(virtual_card):
    """A card whose microphone hears 30 s that repeat nowhere."""
    virtual_card.say(noise(480_000))
    return virtual_card


@in_loop
async def test_toggle_one_press_begins_a_turn_and_the_next_ends_it(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, TOGGLE) as box:
            await box.ready()
            box.panel.press()
            box.panel.release()
            await box.captured(0.8)
            assert box.moments[-1].after.state is State.LISTENING
            box.panel.press()
            box.panel.release()
            await box.state(State.SPEAKING)
            await box.quiet()
        assert compact(server.wire()) == SETUP + TURN + ANSWER + GOODBYE
        (turn,) = server.turns
        assert turn.heard in talkative_card.spoken()
        assert len(turn.heard) / 32_000 > 0.8


@in_loop
async def test_two_taps_begin_a_new_conversation_with_a_sound_of_its_own(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            for _ in range(2):
                box.panel.press()
                box.panel.release()
            await box.until(lambda: len(box.happened(LinkUp)) == 2)
            assert box.effects(PlayEarcon)[-1].earcon is Earcon.NEW
            assert not box.happened(LinkUp)[-1].event.resumed
        assert compact(server.wire(1))[-1:] == GOODBYE
        assert compact(server.wire(2)) == SETUP + GOODBYE
