# SPDX-License-Identifier: MIT
"""The sound of an answer: what was heard, at the rate the speaker wants.

The only place of the simulator that computes with samples.
"""

from collections.abc import Iterator

import numpy as np

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ, melody

PERIOD_S = 0.04
_PERIOD_BYTES = int(PERIOD_S * PLAYBACK_RATE_HZ) * FRAME_BYTES


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """s16le mono `pcm` at another rate, by linear interpolation."""
    if from_hz == to_hz or len(pcm) < FRAME_BYTES:
        return pcm
    frames = np.frombuffer(pcm, "<i2", len(pcm) // FRAME_BYTES)
    instants = np.arange(len(frames) * to_hz // from_hz) * (from_hz / to_hz)
    heard = np.interp(instants, np.arange(len(frames)), frames)
    resampled: bytes = np.rint(heard).astype("<i2").tobytes()
    return resampled


def loudness(pcm: bytes) -> float:
    """Root mean square of s16le `pcm`, 0..1 of full scale."""
    frames = np.frombuffer(pcm, "<i2", len(pcm) // FRAME_BYTES)
    return float(np.sqrt(np.mean(np.square(frames / 32768)))) if len(frames) else 0.0


def babble() -> bytes:
    """A short spoken-like tone at 24 kHz, the answer to written input."""
    return melody(((220, 0.12), (262, 0.1), (233, 0.16)))


def periods(pcm: bytes) -> Iterator[bytes]:
    """`pcm` in the 40-ms pieces that travel in one message each."""
    for start in range(0, len(pcm), _PERIOD_BYTES):
        yield pcm[start : start + _PERIOD_BYTES]
