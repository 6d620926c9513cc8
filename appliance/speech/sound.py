# SPDX-License-Identifier: MIT
"""Makes recorded speech what the speaker plays: its rate, and as loud as an answer."""

from appliance.basics.pcm import (
    FRAME_BYTES,
    PLAYBACK_RATE_HZ,
    amplify,
    loudness,
    resample,
    without_silence_around,
)

#: Full scale is 1. Answers of the service are about that loud while they speak.
_LOUDNESS = 0.1
_HIGHEST_PEAK = 0.9
_MARGIN_FRAMES = PLAYBACK_RATE_HZ // 100
_PAUSE_BEFORE = bytes(PLAYBACK_RATE_HZ // 20 * FRAME_BYTES)


def fitted(pcm: bytes, rate_hz: int) -> bytes:
    """s16le mono of `rate_hz` as s16le mono at 24 kHz, with 50 ms of silence before it
    and none after; empty if there is only silence in it."""
    resampled = resample(pcm, rate_hz, PLAYBACK_RATE_HZ)
    speech = without_silence_around(resampled, _MARGIN_FRAMES)
    if not speech:
        return b""
    rms, peak = loudness(speech)
    return _PAUSE_BEFORE + amplify(speech, min(_LOUDNESS / rms, _HIGHEST_PEAK / peak))
