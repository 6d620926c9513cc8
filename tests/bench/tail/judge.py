# SPDX-License-Identifier: MIT
"""What a tail loses of the speech, and how long it makes the user wait."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, seconds
from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core.advance import advance
from appliance.core.conversation import start
from appliance.core.limits import Limits
from tests.bench.tail.corpus import Clip, Room, heard

PERIOD_FRAMES = 2048
#: Before the last sound, and after it.
OFFSETS_MS = (-300, -200, -100, 0, 100, 200, 300, 400, 500)
#: Of the room, before and after the speech.
_AROUND_S = 1.2
_PRESS_S = 0.8
_BLOCK_S = 0.01

LISTEN = Limits(
    pre_roll_s=0.3,
    min_hold_s=0.25,
    tail_s=0.5,
    hold_limit_s=60.0,
    hold_warning_s=5.0,
    turn_gap_s=0.5,
    answer_limit_s=10.0,
    delivery_limit_s=30.0,
    idle_disconnect_s=300.0,
    tail_listens=True,
)
FIXED = replace(LISTEN, tail_s=0.2, tail_listens=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One release, by both tails."""

    clip: str
    room: str
    offset_ms: int
    lost_ms: int
    fixed_lost_ms: int
    wait_ms: float
    fixed_wait_ms: float

    @property
    def silent(self) -> bool:
        """From at least 300 ms before the release."""
        return self.offset_ms >= 300


def judge(
    clips: Iterable[Clip],
    rooms: Iterable[Room],
    offsets_ms: Iterable[int] = OFFSETS_MS,
    seed: int = 1,
) -> Iterator[Verdict]:
    """Every clip in every room, let go of at every offset."""
    dice = np.random.default_rng(seed)
    rooms, offsets_ms = tuple(rooms), tuple(offsets_ms)
    for clip in clips:
        for room in rooms:
            sound = heard(clip, room, dice, int(_AROUND_S * CAPTURE_RATE_HZ))
            for offset_ms in offsets_ms:
                phase = int(dice.integers(PERIOD_FRAMES))
                yield _verdict(clip, room, offset_ms, sound[FRAME_BYTES * phase :])


def _verdict(clip: Clip, room: Room, offset_ms: int, sound: bytes) -> Verdict:
    ended_s = seconds(sound, CAPTURE_RATE_HZ) - _AROUND_S
    began_s = ended_s - len(clip.speech) / CAPTURE_RATE_HZ
    released_s = ended_s + offset_ms / 1000
    lost, wait = [], []
    for limits in (LISTEN, FIXED):
        kept_s, closed_s = _turn(limits, sound, released_s)
        blocks = max(0, round((kept_s - began_s) / _BLOCK_S))
        lost.append(int(clip.audible[blocks:].sum()) * 10)
        wait.append((closed_s - released_s) * 1000)
    return Verdict(clip.name, room.name, offset_ms, *lost, *wait)


def _turn(limits: Limits, sound: bytes, released_s: float) -> tuple[float, float]:
    """Up to when it was said, and when that was known: seconds of `sound`."""
    c = start(limits, 0.0)
    pressed_s = min(_PRESS_S, released_s - limits.min_hold_s)
    deeds: list[ev.Event] = [ev.TalkPressed(pressed_s), ev.TalkReleased(released_s)]
    size = PERIOD_FRAMES * FRAME_BYTES
    since_s = 0.0
    for first in range(0, len(sound) - size + 1, size):
        now = seconds(sound[: first + size], CAPTURE_RATE_HZ)
        while deeds and deeds[0].at <= now:
            c, _ = advance(c, deeds.pop(0), now)
            since_s = c.hold.since if c.hold else since_s
        c, _ = advance(c, ev.PeriodCaptured(sound[first : first + size], now), now)
        if not (deeds or c.hold):
            said = b"".join(c.utterances[-1].pieces)
            return since_s + seconds(said, CAPTURE_RATE_HZ), now
    raise AssertionError("the turn did not end")
