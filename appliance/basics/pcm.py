# SPDX-License-Identifier: MIT
"""Arithmetic on s16le mono PCM."""

import math
import struct
from collections.abc import Iterable
from math import gcd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CAPTURE_RATE_HZ = 16_000
PLAYBACK_RATE_HZ = 24_000
FRAME_BYTES = 2

#: A note of an earcon: pitch in Hz (0 = silence) and length in seconds.
Note = tuple[float, float]


#: The bytes of s16le frames of -32..32: 60 dB below full scale.
_NEXT_TO_NOTHING = bytes((*range(33), *range(224, 256)))


def is_audible(pcm: bytes) -> bool:
    """Something in s16le `pcm`, cut anywhere, is louder than -60 dB of full scale."""
    return bool(pcm.translate(None, _NEXT_TO_NOTHING))


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


def fade_out(pcm: bytes, gain: float) -> bytes:
    """A few frames of `pcm` while its gain falls from `gain` to nothing.

    In plain Python: a box whose gain is 1 never loads numpy.
    """
    frames = struct.unpack(f"<{len(pcm) // FRAME_BYTES}h", pcm)
    count = len(frames)
    faded = (
        round(frame * gain * (count - at - 1) / count)
        for at, frame in enumerate(frames)
    )
    clipped = (min(max(frame, -32768), 32767) for frame in faded)
    return struct.pack(f"<{count}h", *clipped)


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


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """`pcm` at another rate, in the frequency domain: exact for all that both rates
    can carry. For sounds of seconds; it ends in a hundredth of silence."""
    import numpy as np

    # So many frames become so many: a whole number of both is to come out.
    step_in, step_out = from_hz // gcd(from_hz, to_hz), to_hz // gcd(from_hz, to_hz)
    frames = np.frombuffer(pcm, "<i2")
    steps = -(-(len(frames) + from_hz // 100) // step_in)
    # The end touches the beginning there.
    padded = np.pad(frames, (0, steps * step_in - len(frames)))
    wave = np.fft.irfft(np.fft.rfft(padded), steps * step_out) * (step_out / step_in)
    return np.clip(np.rint(wave), -32768, 32767).astype("<i2").tobytes()


def without_silence_around(pcm: bytes, margin_frames: int) -> bytes:
    """From `margin_frames` before the first frame of sound to as many after the last;
    empty if there is none."""
    import numpy as np

    sounding = np.flatnonzero(_sounds(np.frombuffer(pcm, "<i2")))
    if not len(sounding):
        return b""
    first = max(int(sounding[0]) - margin_frames, 0)
    last = int(sounding[-1]) + margin_frames
    return pcm[first * FRAME_BYTES : (last + 1) * FRAME_BYTES]


def loudness(pcm: bytes) -> tuple[float, float]:
    """RMS of the frames that are no pause, and peak; of full scale, 0 for silence."""
    import numpy as np

    frames = np.frombuffer(pcm, "<i2")
    sounding = frames[_sounds(frames)] / 32768
    if not len(sounding):
        return 0.0, 0.0
    return float(np.sqrt(np.mean(sounding**2))), float(np.abs(sounding).max())


def _sounds(frames: "NDArray[np.int16]") -> "NDArray[np.bool_]":
    """Which are louder than a fiftieth of the loudest."""
    import numpy as np

    magnitudes = np.abs(frames.astype(int))
    sounding: NDArray[np.bool_] = magnitudes > magnitudes.max(initial=0) / 50
    return sounding
