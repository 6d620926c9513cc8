# SPDX-License-Identifier: MIT
"""Answers that are longer than what may wait for the speaker."""

import wave

import pytest

from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.signals import Earcon
from appliance.live import session
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import living_box
from tests.rig.waiting import in_loop, noise

RATE_HZ = 24_000
WAITING_S = 1.5


@pytest.fixture(autouse=True)
def _little_may_wait(monkeypatch):
    monkeypatch.setattr(session, "_WAITING_S", WAITING_S)


def answering(tmp_path, pcm):
    """A service that says `pcm`, s16le mono at 24 kHz, at once."""
    path = tmp_path / "answer.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        recording.writeframes(pcm)
    return LiveServer(Scenario(answer=str(path), answer_delay_ms=10, answer_speed=0))


@in_loop
async def test_an_answer_longer_than_what_may_wait_is_heard_whole(
    talkative_card, tmp_path
):
    answer = noise(8 * RATE_HZ)
    waiting_s = []
    async with (
        answering(tmp_path, answer) as server,
        living_box(
            talkative_card,
            server.url,
            observers=[lambda _: waiting_s.append(speaker.waiting_s)],
        ) as box,
    ):
        speaker = box.appliance._speaker
        await box.ready()
        await box.hold(0.4)
        await box.state(State.SPEAKING)
        await box.quiet()
        await box.heard(answer)
    # And no more than one message of the service, which is a part of a second.
    assert WAITING_S < max(waiting_s) < WAITING_S + 1.0


@in_loop
async def test_a_press_silences_an_answer_that_waits_and_the_next_one_is_heard(
    talkative_card, tmp_path
):
    answer = noise(4 * RATE_HZ)
    async with (
        answering(tmp_path, answer) as server,
        living_box(talkative_card, server.url) as box,
    ):
        await box.ready()
        await box.hold(0.4)
        await box.state(State.SPEAKING)
        await box.captured(0.5)
        await box.hold(0.4)
        await box.state(State.SPEAKING)
        await box.quiet()
        await box.heard(answer)
    assert len(server.turns) == 2


@in_loop
async def test_an_answer_that_is_silent_from_end_to_end_is_told(
    talkative_card, tmp_path
):
    async with (
        answering(tmp_path, b"\x01\x00" * 4 * RATE_HZ) as server,
        living_box(talkative_card, server.url) as box,
    ):
        await box.ready()
        await box.hold(0.4)
        await box.state(State.SPEAKING)
        await box.quiet()
    assert box.effects(PlayEarcon)[-1].earcon is Earcon.NO_ANSWER
