# SPDX-License-Identifier: MIT
"""Speech as the speaker plays it: its rate, its band, as loud as an answer."""

import numpy as np
import pytest

from appliance.speech.sound import fitted


def tone(hz: float, rate_hz: int, amplitude: float = 0.2, length_s: float = 1.0):
    at = np.arange(int(rate_hz * length_s)) / rate_hz
    return np.rint(32767 * amplitude * np.sin(2 * np.pi * hz * at)).astype("<i2")


def spectrum(pcm: bytes):
    """dB against the loudest, by Hz."""
    frames = np.frombuffer(pcm, "<i2")[1200:]
    middle = frames[2400:21600] * np.hanning(19200)
    levels = np.abs(np.fft.rfft(middle))
    hz = np.arange(len(levels)) * 24_000 / 19_200
    return hz, 20 * np.log10(levels / levels.max() + 1e-9)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_tone_stays_one_tone_of_the_same_pitch_and_length(rate_hz):
    pcm = fitted(tone(1000, rate_hz).tobytes(), rate_hz)
    assert abs(len(pcm) / 2 - 1200 - 24_000) <= 480
    hz, level = spectrum(pcm)
    assert hz[level.argmax()] == 1000
    assert level[abs(hz - 1000) > 10].max() < -70


def test_what_the_lower_rate_cannot_carry_is_left_out_and_not_folded_back():
    both = tone(1000, 48_000) + tone(17_000, 48_000)
    hz, level = spectrum(fitted(both.tobytes(), 48_000))
    assert level[abs(hz - 1000) > 10].max() < -70


@pytest.mark.parametrize("amplitude", [0.001, 0.05, 0.9])
def test_it_is_as_loud_however_loud_it_was_said(amplitude):
    frames = np.frombuffer(
        fitted(tone(500, 22_050, amplitude).tobytes(), 22_050), "<i2"
    )
    loudness = np.sqrt(np.mean((frames[1200:] / 32768) ** 2))
    assert loudness == pytest.approx(0.1, rel=0.05)


def test_a_peak_does_not_clip():
    spiky = tone(500, 24_000, 0.03)
    spiky[12_000] = 32_000
    frames = np.frombuffer(fitted(spiky.tobytes(), 24_000), "<i2")
    assert 0.85 * 32768 < np.abs(frames.astype(int)).max() < 0.95 * 32768


def test_silence_around_it_is_cut_to_50_ms_before_it():
    silence = np.zeros(22_050, "<i2")
    said = np.concatenate((silence, tone(500, 22_050), silence))
    frames = np.frombuffer(fitted(said.tobytes(), 22_050), "<i2")
    assert not frames[:1200].any()
    assert np.abs(frames[1200:1700]).max() > 1000
    assert len(frames) <= 1200 + 24_000 + 2 * 480


@pytest.mark.parametrize("frames", [0, 1, 146, 22_050])
def test_silence_is_nothing(frames):
    assert fitted(bytes(2 * frames), 22_050) == b""


def test_the_shortest_click_is_sound():
    assert fitted(b"\xff\x7f", 22_050)
