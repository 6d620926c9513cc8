# SPDX-License-Identifier: MIT
"""What is said arrives, and what is answered sounds, to the sample."""

import statistics
import time

import numpy as np
from living_box import DEFAULT, living_box
from patience import in_loop, noise

from appliance.core.conversation import State
from appliance.core.events import TalkPressed
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario

CAPTURE_BYTES_PER_S = 32_000
PLAYBACK_PERIOD_S = 0.02


@in_loop
async def test_two_seconds_said_arrive_from_pre_roll_to_tail_and_are_answered_whole(
    virtual_card,
):
    virtual_card.say(noise(160_000))
    async with LiveServer() as server, living_box(virtual_card, server.url) as box:
        await box.ready()
        await box.captured(0.6)
        pressed_at = time.monotonic()
        await box.hold(2.0)
        held_s = time.monotonic() - pressed_at
        await box.quiet()
        (turn,) = server.turns
        await box.heard(turn.answer)
    assert turn.heard in virtual_card.spoken()
    said_s = len(turn.heard) / CAPTURE_BYTES_PER_S
    assert abs(said_s - (held_s + 0.3 + 0.2)) <= 0.02
    assert virtual_card.heard().count(turn.answer) == 1


@in_loop
async def test_a_press_on_a_speaking_box_silences_the_card_within_two_periods(
    virtual_card,
):
    """Each of 20 presses talks over the answer to the one before."""
    virtual_card.say(noise(480_000))
    eager = Scenario(answer_delay_ms=10, answer_speed=0)
    async with (
        LiveServer(eager) as server,
        living_box(virtual_card, server.url, DEFAULT) as box,
    ):
        await box.ready()
        for count in range(1, 21):
            await box.hold(0.3)
            await box.until(lambda count=count: len(server.turns) == count)
            await box.state(State.SPEAKING)
            await box.captured(0.1)
        box.panel.press()
        await box.captured(0.3)
        presses = [m.event.at for m in box.happened(TalkPressed)]
    cuts_ms = [1000 * (end - at) for at, end in _silences(virtual_card, presses[1:])]
    print(f"press to silence: median {statistics.median(cuts_ms):.1f} ms, ", end="")
    print(f"worst {max(cuts_ms):.1f} ms of {len(cuts_ms)}")
    assert statistics.median(cuts_ms) <= 1000 * 2 * PLAYBACK_PERIOD_S + 5
    _assert_each_sound_begins_its_answer(virtual_card, server)


def _silences(card, presses: list[float]) -> list[tuple[float, float]]:
    """Each press, and when the first frame of silence after it was played."""
    frames = np.frombuffer(card.heard(), "<i2")
    silent = np.flatnonzero(frames == 0)
    found = []
    for at in presses:
        start = [s for s in card.starts("speaker") if s.at <= at][-1]
        frame = start.frame + int((at - start.at) / start.frame_s)
        silent_frame = int(silent[np.searchsorted(silent, frame)])
        found.append((at, card.time_of_speaker_frame(silent_frame)))
    return found


def _sounds(pcm: bytes) -> list[bytes]:
    """What is heard between silences, in order."""
    frames = np.frombuffer(pcm, "<i2")
    edges = np.flatnonzero(np.diff(np.r_[0, frames != 0, 0]))
    return [frames[a:b].tobytes() for a, b in edges.reshape(-1, 2)]


def _assert_each_sound_begins_its_answer(card, server) -> None:
    """Had anything of an old answer been played, a sound would not fit its turn."""
    answers = [turn.answer for turn in server.turns if turn.answer]
    sounds = [sound for sound in _sounds(card.heard()) if len(sound) >= 1920]
    for sound, answer in zip(sounds[-len(answers) :], answers, strict=True):
        assert answer.startswith(sound)
