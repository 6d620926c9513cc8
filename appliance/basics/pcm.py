# SPDX-License-Identifier: MIT
"""Arithmetic on s16le mono PCM."""

import math
import struct
from collections.abc import Iterable

CAPTURE_RATE_HZ = 16_000
PLAYBACK_RATE_HZ = 24_000
FRAME_BYTES = 2

#: A note of an earcon: pitch in Hz (0 = silence) and length in seconds.
Note = tuple[float, float]


def seconds(pcm: bytes, rate_hz: int) -> float:
    """Length of `pcm`."""
    return len(pcm) / FRAME_BYTES / rate_hz


def cut(pcm: bytes, ended_at: float, since: float, until: float) -> bytes:
    """The frames of `pcm`, captured until `ended_at`, from `since` to `until`: maybe
    none. Instants are seconds."""
    length_s = seconds(pcm, CAPTURE_RATE_HZ)
    started_at = ended_at - length_s
    first = round(max(since - started_at, 0.0) * CAPTURE_RATE_HZ)
    last = round(min(max(until - started_at, 0.0), length_s) * CAPTURE_RATE_HZ)
    return pcm[first * FRAME_BYTES : last * FRAME_BYTES]


def amplify(pcm: bytes, gain: float) -> bytes:
    """`pcm` times `gain`, clipped at full scale; the same bytes at gain 1."""
    if gain == 1.0:
        return pcm
    # Not at the top: a quarter of the start and of the memory, for those with a gain.
    import numpy as np

    frames = np.frombuffer(pcm, "<i2") * gain
    return np.clip(np.rint(frames), -32768, 32767).astype("<i2").tobytes()


def fade(pcm: bytes, before: float, after: float) -> bytes:
    """`pcm` while its gain moves from `before` to `after`, frame by frame: a step
    would be heard as a click."""
    import numpy as np

    frames = np.frombuffer(pcm, "<i2")
    moving = frames * np.linspace(before, after, len(frames) + 1)[1:]
    return np.clip(np.rint(moving), -32768, 32767).astype("<i2").tobytes()


def melody(notes: Iterable[Note], rate_hz: int = PLAYBACK_RATE_HZ) -> bytes:
    """Soft-edged sine notes at a quarter of full scale, one after the other."""
    return b"".join(_note(pitch_hz, length_s, rate_hz) for pitch_hz, length_s in notes)


def _note(pitch_hz: float, length_s: float, rate_hz: int) -> bytes:
    turn = 2 * math.pi * pitch_hz / rate_hz
    wave = [8192 * math.sin(turn * frame) for frame in range(int(length_s * rate_hz))]
    # 15 ms raised-cosine edges: a sine that starts or stops hard is heard as a click.
    edge_frames = min(int(0.015 * rate_hz), len(wave) // 2)
    for frame in range(edge_frames):
        loudness = 0.5 - 0.5 * math.cos(math.pi * frame / edge_frames)
        wave[frame] *= loudness
        wave[-1 - frame] *= loudness
    return struct.pack(f"<{len(wave)}h", *map(round, wave))
