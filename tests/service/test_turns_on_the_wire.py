# SPDX-License-Identifier: MIT
"""What a finger does, and the exact transcript of what that puts on the wire."""

import pytest

from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.events import LinkLost, LinkUp, TalkReleased
from appliance.core.signals import Earcon
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Drop, Scenario
from tests.rig.living_box import CALM, compact, living_box
from tests.rig.waiting import in_loop

SETUP = ["> setup", "< setupComplete"]
TURN = ["> activityStart", "> audio", "> activityEnd"]
ANSWER = ["< audio", "< generationComplete", "< turnComplete"]
INTERRUPTED = ["< interrupted", "< turnComplete"]
GOODBYE = ["> close 1000"]
CAPTURE_BYTES_PER_S = 32_000

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
SLOW = Scenario(setup_delay_ms=0, answer_delay_ms=3000, waits_for_playback=False)


@in_loop
async def test_a_hold_is_one_turn(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
        assert compact(server.wire()) == SETUP + TURN + ANSWER + GOODBYE


@in_loop
async def test_a_tap_sends_nothing(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            box.panel.press()
            box.panel.release()
            await box.captured(1.0)
        assert compact(server.wire()) == SETUP + GOODBYE


@in_loop
async def test_a_second_press_within_the_tail_goes_on_with_the_turn(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            await box.hold(0.4)
            box.panel.press()
            await box.captured(0.4)
            box.panel.release()
            await box.state(State.SPEAKING)
        assert compact(server.wire(1))[:5] == SETUP + TURN
        assert len(server.turns) == 1
        assert server.turns[0].heard in talkative_card.spoken()


@in_loop
async def test_a_press_while_thinking_makes_a_second_turn_and_only_that_is_heard(
    talkative_card,
):
    async with LiveServer(SLOW) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.THINKING)
            await box.hold(0.6)
            await box.state(State.SPEAKING)
            await box.quiet()
            first, second = server.turns
            await box.heard(second.answer)
        said = [line for line in server.wire() if line.startswith(">")]
        answered = [line for line in server.wire() if line.startswith("<")]
        assert compact(said) == ["> setup", *TURN, *TURN, *GOODBYE]
        assert compact(answered) == ["< setupComplete", *INTERRUPTED, *ANSWER]
        assert first.interrupted
        assert first.answer == b""


@in_loop
async def test_a_press_before_the_link_is_up_is_kept_and_sent_whole(talkative_card):
    reluctant = Scenario(setup_delay_ms=2000, waits_for_playback=False)
    async with LiveServer(reluctant) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.hold(0.8)
            assert not box.happened(LinkUp)
            await box.state(State.SPEAKING)
        assert compact(server.wire())[:5] == SETUP + TURN
        (turn,) = server.turns
        assert turn.heard in talkative_card.spoken()
        assert len(turn.heard) / CAPTURE_BYTES_PER_S > 0.8


@in_loop
async def test_a_hold_ends_at_its_limit_with_a_sound_and_is_answered(talkative_card):
    short = CALM.changed(turns=CALM.turns.changed(hold_limit_s=1.5, hold_warning_s=0.5))
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, short) as box:
            await box.ready()
            await box.captured(0.6)
            box.panel.press()
            await box.state(State.SPEAKING)
            await box.quiet()
            box.panel.release()
            sounds = [effect.earcon for effect in box.effects(PlayEarcon)]
            assert sounds == [Earcon.READY, Earcon.CUT_OFF]
        assert compact(server.wire()) == SETUP + TURN + ANSWER + GOODBYE
        said_s = len(server.turns[0].heard) / CAPTURE_BYTES_PER_S
        assert said_s == pytest.approx(1.5 + 0.3, abs=0.02)


@in_loop
async def test_a_release_while_the_link_reconnects_loses_nothing(talkative_card):
    cut = Scenario(
        setup_delay_ms=500,
        waits_for_playback=False,
        faults=(Drop(at="first_audio", turn=1),),
    )
    async with LiveServer(cut) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            box.panel.press()
            await box.until(lambda: box.happened(LinkLost))
            box.panel.release()
            await box.until(lambda: box.happened(TalkReleased))
            assert len(box.happened(LinkUp)) == 1
            await box.state(State.SPEAKING)
            await box.quiet()
        assert compact(server.wire(1))[:4] == [*SETUP, "> activityStart", "> audio"]
        assert compact(server.wire(2)) == SETUP + TURN + ANSWER + GOODBYE
        again = server.turns[-1]
        assert again.heard in talkative_card.spoken()
        assert again.heard.startswith(server.turns[0].heard)
