# SPDX-License-Identifier: MIT
"""The far end of the sound card: a mouth before the microphone, an ear at the DAC."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from verdict import SoundImpaired, until

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, PLAYBACK_RATE_HZ

_FORMAT = [
    "--quiet",
    "--device=hw:Loopback,1,0",
    "--format=S16_LE",
    "--channels=1",
    "--file-type=raw",
]
#: The far end as a room: quick, and `plug`, as the microphone has another rate.
_THROUGH_AIR = [
    *_FORMAT,
    "--device=plughw:Loopback,1,0",
    f"--rate={PLAYBACK_RATE_HZ}",
    "--period-time=20000",
    "--buffer-time=80000",
]
_AIR_BYTES = PLAYBACK_RATE_HZ // 50 * FRAME_BYTES
#: Short, as the emulated card may lose a few frames, which shift what follows.
_SEGMENT_BYTES = 240 * FRAME_BYTES


def noise(seconds: float, seed: int = 1) -> bytes:
    """s16le mono at 16 kHz that repeats nowhere, and is silent nowhere."""
    frames = round(seconds * CAPTURE_RATE_HZ)
    magnitudes = np.random.default_rng(seed).integers(100, 20_000, frames)
    return magnitudes.astype("<i2").tobytes()


def say(pcm: bytes) -> None:
    """Speak `pcm` (s16le mono at 16 kHz) to the box; returns when it is said."""
    command = ["aplay", *_FORMAT, f"--rate={CAPTURE_RATE_HZ}"]
    subprocess.run(command, input=pcm, check=True)


class Ear:
    """What the DAC plays: s16le mono at 24 kHz."""

    def __init__(self, recording: Path) -> None:
        self._recording = recording

    @property
    def heard(self) -> bytes:
        return self._recording.read_bytes()

    def hears(self, seconds: float) -> None:
        """Listen on for so long."""
        enough = len(self.heard) + round(seconds * PLAYBACK_RATE_HZ) * FRAME_BYTES
        until(lambda: len(self.heard) >= enough, "sound, or silence, at the DAC")


@contextmanager
def listening() -> Iterator[Ear]:
    recording = Path("/run/heard.raw")
    recording.unlink(missing_ok=True)
    command = ["arecord", *_FORMAT, f"--rate={PLAYBACK_RATE_HZ}"]
    with subprocess.Popen([*command, recording]) as arecord:
        try:
            yield Ear(recording)
        finally:
            arecord.terminate()


@contextmanager
def room() -> Iterator[None]:
    """What the box plays reaches its microphone, over a faint noise."""
    with (
        subprocess.Popen(["arecord", *_THROUGH_AIR], stdout=subprocess.PIPE) as dac,
        subprocess.Popen(["aplay", *_THROUGH_AIR], stdin=subprocess.PIPE) as air,
    ):
        ends = dac.stdout, air.stdin
        spreading = threading.Thread(target=_spread, args=ends, daemon=True)
        spreading.start()
        try:
            yield
        finally:
            dac.terminate()
            spreading.join()


def _spread(dac: BinaryIO, air: BinaryIO) -> None:
    chance = np.random.default_rng(1)
    with air:
        while pcm := dac.read(_AIR_BYTES):
            frames = np.frombuffer(pcm, "<i2") // 2
            noise = chance.integers(-100, 100, frames.size)
            air.write((frames + noise).astype("<i2").tobytes())
            air.flush()


def share_of(expected: bytes, heard: bytes) -> float:
    """0..1: how much of `expected` is in `heard`, to the sample and in its order."""
    found = _found(expected, heard)
    return sum(found) / len(found)


def expect_share(least: float, expected: bytes, heard: bytes, where: str) -> float:
    """Raises SoundImpaired unless so much of `expected` is in `heard`."""
    found = _found(expected, heard)
    share = sum(found) / len(found)
    if share < least:
        lost = "".join("x" if segment else "." for segment in found)
        raise SoundImpaired(
            f"{where}: {share:.1%} to the sample, of {least:.0%}: {lost}"
        )
    return share


def _found(expected: bytes, heard: bytes) -> list[bool]:
    """For each segment of `expected`, whether it is in `heard`, after those before."""
    found, position = [], 0
    for start in range(0, len(expected) - _SEGMENT_BYTES + 1, _SEGMENT_BYTES):
        at = heard.find(expected[start : start + _SEGMENT_BYTES], position)
        found.append(at >= 0)
        position = max(position, at)
    return found
