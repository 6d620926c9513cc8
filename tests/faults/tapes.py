# SPDX-License-Identifier: MIT
"""What the two ends of a sound card tell: what was said when, and what was heard."""

from dataclasses import dataclass

import numpy as np

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.core.earcons import earcon_pcm
from appliance.core.signals import Earcon

#: Enough noise to be found in one place only.
_MARK_BYTES = 480


@dataclass(frozen=True, slots=True)
class Played:
    """How much of an answer the speaker has played."""

    #: From its begin to the last that sounded.
    through_s: float
    #: Left out before that.
    missing_s: float
    #: Silence in between, or sound of something else.
    gaps_s: float
    #: How often its begin was heard: twice is a duplicate.
    begun: int


def played(answer: bytes, tape: bytes) -> Played:
    """How much of `answer` is on the speaker's `tape`; s16le mono at 24 kHz."""
    begun = tape.count(answer[:_MARK_BYTES]) if answer else 0
    at, read, missing, gaps = tape.find(answer[:_MARK_BYTES]), 0, 0, 0
    if not answer or at < 0:
        return Played(0.0, 0.0, 0.0, 0)
    while True:
        same = _common(answer[read:], tape[at:])
        read, at = read + same, at + same
        skipped, onwards = _next_mark(answer[read:], tape[at:])
        if onwards < 0:
            break
        read, at = read + skipped, at + onwards
        missing, gaps = missing + skipped, gaps + onwards
    return Played(_s(read), _s(missing), _s(gaps), begun)


def first_break(heard: bytes, tape: bytes) -> str:
    """Where `heard` is no longer what the microphone's `tape` has, in frames."""
    at = tape.find(heard[:_MARK_BYTES])
    if at < 0:
        return "0 frames: it is nowhere on the tape"
    same = _common(heard, tape[at:])
    skipped, onwards = _next_mark(heard[same:], tape[at + same :])
    frames = [n // FRAME_BYTES for n in (same, len(heard), skipped, onwards)]
    return "{} frames of {}; then {} that are not on the tape, {} left out".format(
        *frames
    )


def earcons(tape: bytes) -> list[Earcon]:
    """The sounds of the box on the speaker's `tape`, those of each kind together.

    The longest first: the sound of fault 2 begins like that of fault 1. Silence does
    not count: an underrun on a busy machine makes some anywhere.
    """
    found: list[Earcon] = []
    tape = _sound(tape)
    for earcon in sorted(Earcon, key=lambda e: -len(earcon_pcm(e))):
        melody = _sound(earcon_pcm(earcon))
        found += [earcon] * tape.count(melody)
        tape = tape.replace(melody, b"")
    return found


def _sound(tape: bytes) -> bytes:
    frames = np.frombuffer(tape, "<i2")
    sound: bytes = frames[frames != 0].tobytes()
    return sound


def _common(one: bytes, other: bytes) -> int:
    """Length of the common beginning, in whole frames."""
    n = min(len(one), len(other)) // FRAME_BYTES
    differs = np.flatnonzero(
        np.frombuffer(one, "<i2", n) != np.frombuffer(other, "<i2", n)
    )
    return int(differs[0] if len(differs) else n) * FRAME_BYTES


def _next_mark(rest: bytes, tape: bytes) -> tuple[int, int]:
    """Where `rest` goes on in `tape`, after as little left out as possible: how much
    is left out, and where; (0, -1) if it does not go on."""
    for skipped in range(0, len(rest) - _MARK_BYTES, _MARK_BYTES):
        at = tape.find(rest[skipped : skipped + _MARK_BYTES])
        if at >= 0:
            return skipped, at
    return 0, -1


def _s(length: int) -> float:
    return length / FRAME_BYTES / PLAYBACK_RATE_HZ
