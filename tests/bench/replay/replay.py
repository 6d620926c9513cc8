# SPDX-License-Identifier: MIT
"""Answers that arrive evenly, in bursts and with stalls, played in simulated time."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.config.sections import SpeakerSection
from appliance.hardware.jitter_buffer import JitterBuffer
from appliance.hardware.prefill import Prefill

PERIOD_FRAMES = SpeakerSection().period_frames
PERIOD_S = PERIOD_FRAMES / PLAYBACK_RATE_HZ
#: As the service sends it.
PART_S = 0.04
PART = b"\x55" * (round(PART_S * PLAYBACK_RATE_HZ) * FRAME_BYTES)
ANSWER_S = 4.0
_BEFORE_S = SpeakerSection().prefill_ms / 1000

#: When each part of an answer arrives, from 0 on.
Pattern = Callable[[random.Random], Iterator[float]]


def steady(speed: float) -> Pattern:
    def arrivals(_: random.Random) -> Iterator[float]:
        yield from (n * PART_S / speed for n in range(round(ANSWER_S / PART_S)))

    return arrivals


def bursts(dice: random.Random) -> Iterator[float]:
    """0.6 s of sound each half a second."""
    yield from (n // 15 * 0.5 for n in range(round(ANSWER_S / PART_S)))


def stalls(dice: random.Random) -> Iterator[float]:
    """At four times real time, but each 0.2 s of sound in five is 0.2 s late, and so is
    all that follows."""
    at = 0.0
    for n in range(round(ANSWER_S / PART_S)):
        at += PART_S / 4 if n else 0.0
        at += 0.2 * (n % 5 == 0 and n > 0 and dice.random() < 0.2)
        yield at


def jitter(dice: random.Random) -> Iterator[float]:
    """In real time, each part up to 60 ms late."""
    at = 0.0
    for n in range(round(ANSWER_S / PART_S)):
        at = max(at, n * PART_S + (dice.uniform(0, 0.06) if n else 0.0))
        yield at


PATTERNS: dict[str, Pattern] = {
    "steady, 4 x real time": steady(4),
    "bursts": bursts,
    "stalls of 200 ms, 20 %": stalls,
    "real time, 60 ms jitter": jitter,
    "0.9 x real time": steady(0.9),
}
PREFILLS = {
    "fixed": Prefill(_BEFORE_S),
    "adaptive": Prefill(_BEFORE_S, least_s=PERIOD_S),
}


@dataclass
class Outcome:
    """Of all answers: gaps inside of them, and the wait from first part to card."""

    gaps: int = 0
    silent_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def wait_ms(self, percentile: float) -> float:
        return float(np.percentile(self.waits_s, percentile)) * 1000


def replay(pattern: Pattern, prefill: Prefill, *, turns: int, seed: int) -> Outcome:
    """`turns` answers, one after the other, through one buffer."""
    dice, outcome = random.Random(seed), Outcome()
    buffer, now = JitterBuffer(prefill), 0.0
    for turn in range(turns):
        now = _answer(buffer, list(pattern(dice)), now, turn, dice, outcome)
    return outcome


def _answer(
    buffer: JitterBuffer,
    arrivals: list[float],
    began_at: float,
    turn: int,
    dice: random.Random,
    outcome: Outcome,
) -> float:
    """Play it whole; when that was over. The card asks for a period in its own time."""
    coming = [began_at + at for at in arrivals]
    period_at = began_at + dice.uniform(0, PERIOD_S)
    started = False
    while True:
        while coming and coming[0] <= period_at:
            buffer.play(PART, coming.pop(0))
            if not coming:
                buffer.drain(turn + 1)
        taken = buffer.take(PERIOD_FRAMES)
        if taken.began and not started:
            started = True
            outcome.waits_s.append(period_at - began_at)
        outcome.gaps += taken.ran_dry
        if started and taken.frames < PERIOD_FRAMES and not taken.drained:
            outcome.silent_s += PERIOD_S - taken.frames / PLAYBACK_RATE_HZ
        period_at += PERIOD_S
        if taken.drained:
            return period_at
