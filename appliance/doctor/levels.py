# SPDX-License-Identifier: MIT
"""Arithmetic on a recording: loudness, offset, clipping, and which notes it has."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from appliance.basics.pcm import CAPTURE_RATE_HZ

_FULL_SCALE = 32768
#: Digital silence, in dB of full scale.
FLOOR_DB = -120.0
_WINDOW_FRAMES, _HOP_FRAMES = CAPTURE_RATE_HZ // 20, CAPTURE_RATE_HZ // 100


@dataclass(frozen=True, slots=True)
class Level:
    """One channel: `rms_db` (without DC) and `peak_db` in dB of full scale, the rest
    as a share of it or of the frames."""

    rms_db: float
    peak_db: float
    dc: float
    clipped: float

    @property
    def is_zero(self) -> bool:
        """Digital silence, exactly."""
        return self.peak_db <= FLOOR_DB

    @property
    def is_stuck(self) -> bool:
        """One and the same value all the time."""
        return self.rms_db <= FLOOR_DB


def level(pcm: bytes, channel: int = 0, channels: int = 1) -> Level:
    """The level of one channel of interleaved s16le."""
    frames = np.frombuffer(pcm, "<i2").astype(float)[channel::channels]
    peaks = np.abs(frames)
    return Level(
        rms_db=_db(float(frames.std())),
        peak_db=_db(float(peaks.max())),
        dc=abs(float(frames.mean())) / _FULL_SCALE,
        clipped=float((peaks >= _FULL_SCALE - 1).mean()),
    )


@dataclass(frozen=True, slots=True)
class Echo:
    """How well two notes were heard: dB above the room, and how late (ms)."""

    margin_db: float
    delay_ms: float


def echo(pcm: bytes, pitches_hz: tuple[float, float], played_frame: int) -> Echo:
    """The notes in `pcm`, s16le mono at 16 kHz, played from `played_frame` on.

    The part before that is the noise of the room. The weaker note counts.
    """
    courses = [_course(pcm, pitch_hz) for pitch_hz in pitches_hz]
    # A window counts for the frame in its middle.
    played = max(1, (played_frame - _WINDOW_FRAMES // 2) // _HOP_FRAMES)
    margins = [
        float(after.max() - np.percentile(before, 90))
        for before, after in (np.split(course, [played]) for course in courses)
    ]
    first = courses[0][played:]
    onset = int(np.argmax(first >= first.max() - 6)) * _HOP_FRAMES
    return Echo(min(margins), 1000 * onset / CAPTURE_RATE_HZ)


def _course(pcm: bytes, pitch_hz: float) -> "np.ndarray[Any, Any]":
    """The power at one pitch over time, in dB of full scale, each 10 ms."""
    frames = np.frombuffer(pcm, "<i2").astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(frames, _WINDOW_FRAMES)
    turns = np.arange(_WINDOW_FRAMES) * (pitch_hz / CAPTURE_RATE_HZ)
    wave = np.hanning(_WINDOW_FRAMES) * np.exp(-2j * np.pi * turns)
    amplitudes = np.abs(windows[::_HOP_FRAMES] @ wave) * 4 / _WINDOW_FRAMES
    floor = 10 ** (FLOOR_DB / 20)
    course: np.ndarray[Any, Any]
    course = 20 * np.log10(np.maximum(amplitudes / _FULL_SCALE, floor))
    return course


def _db(amplitude: float) -> float:
    floor = 10 ** (FLOOR_DB / 20)
    return round(float(20 * np.log10(max(amplitude / _FULL_SCALE, floor))), 1)
