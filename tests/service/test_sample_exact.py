# SPDX-License-Identifier: MIT
"""What is said arrives, and what is answered sounds, to the sample."""

import statistics
import time
from bisect import bisect

import numpy as np

from appliance.core.conversation import State
from appliance.core.events import AnswerInterrupted, PlaybackStarted, TalkPressed
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, DEFAULT, living_box
from tests.rig.waiting import in_loop, noise

CAPTURE_BYTES_PER_S = 32_000
PLAYBACK_PERIOD_S = 0.04
FADE_FRAMES = 48


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
async def test_a_press_on_a_speaking_box_silences_the_card_at_once(
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
    # What the card holds runs out: two periods, and a fade of 2 ms. A busy machine may
    # be late for some presses.
    assert statistics.quantiles(cuts_ms, n=4)[0] < 2000 * PLAYBACK_PERIOD_S + 2
    _assert_no_sound_is_of_an_answer_that_was_talked_over(virtual_card, server, presses)


@in_loop
async def test_hands_free_the_service_that_hears_an_interruption_silences_the_card(
    virtual_card,
):
    """Each of six interruptions talks over the answer to the one before."""

    def answers_heard(box) -> int:
        return sum(m.after.answer is not None for m in box.happened(PlaybackStarted))

    speech = noise(16_000) + bytes(32_000)
    config = DEFAULT.changed(
        turns=CALM.turns.changed(mode="server-vad", echo="full-duplex"),
        vad=CALM.vad.changed(silence_ms=300),
    )
    async with (
        LiveServer(Scenario(answer_delay_ms=10)) as server,
        living_box(virtual_card, server.url, config) as box,
    ):
        await box.ready()
        box.panel.press()
        box.panel.release()
        await box.captured(0.3)
        virtual_card.say(speech)
        for count in range(1, 7):
            await box.until(lambda n=count: answers_heard(box) == n)
            virtual_card.say(speech)
            await box.until(lambda n=count: len(box.happened(AnswerInterrupted)) == n)
        await box.state(State.SPEAKING)
        told = [transition.now for transition in box.happened(AnswerInterrupted)]
    cuts_ms = [1000 * (end - at) for at, end in _silences(virtual_card, told)]
    print(
        f"interrupted to silence: median {statistics.median(cuts_ms):.1f} ms, ", end=""
    )
    print(f"worst {max(cuts_ms):.1f} ms of {len(cuts_ms)}")
    assert statistics.median(cuts_ms) < 2000 * PLAYBACK_PERIOD_S + 2


def _silences(card, cut_at: list[float]) -> list[tuple[float, float]]:
    """Each of these instants, and when the first frame of silence after it was
    played."""
    frames = np.frombuffer(card.heard(), "<i2")
    silent = np.flatnonzero(frames == 0)
    found = []
    for at in cut_at:
        start = [s for s in card.starts("speaker") if s.at <= at][-1]
        frame = start.frame + int((at - start.at) / start.frame_s)
        silent_frame = int(silent[np.searchsorted(silent, frame)])
        found.append((at, card.time_of_speaker_frame(silent_frame)))
    return found


def _assert_no_sound_is_of_an_answer_that_was_talked_over(card, server, presses):
    """What sounds after the n-th press answers the n-th turn; underruns or not."""
    sounds = _sounds(card.heard())
    for frame, sound in sounds:
        at = card.time_of_speaker_frame(frame)
        number = bisect(presses, at - 2 * PLAYBACK_PERIOD_S)
        # One that was cut ends with a fade, or its last frames stand alone.
        whole = sound[: -2 * FADE_FRAMES]
        answers = [n for n, turn in enumerate(server.turns, 1) if whole in turn.answer]
        what = f"{len(sound) // 2} frames, {at - presses[number - 1]:.3f} s after press"
        assert number in (0, *answers), f"{what} {number}, are of answers {answers}"


def _sounds(pcm: bytes) -> list[tuple[int, bytes]]:
    """What is heard between silences, and its first frame; in order."""
    frames = np.frombuffer(pcm, "<i2")
    edges = np.flatnonzero(np.diff(np.r_[0, frames != 0, 0]))
    return [(a, frames[a:b].tobytes()) for a, b in edges.reshape(-1, 2)]
