# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from appliance.basics.pcm import amplify, cut, fade, melody, seconds


def frames(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


@pytest.mark.parametrize(
    ("count", "rate_hz", "length_s"),
    [(0, 16_000, 0), (2048, 16_000, 0.128), (480, 24_000, 0.02)],
)
def test_length_in_seconds(count, rate_hz, length_s):
    assert seconds(bytes(2 * count), rate_hz) == pytest.approx(length_s)


def test_gain_one_changes_nothing():
    pcm = frames(1, -1, 32_767)
    assert amplify(pcm, 1.0) is pcm


def test_gain_multiplies_each_frame_and_rounds():
    assert amplify(frames(100, -100, 3), 0.5) == frames(50, -50, 2)
    assert amplify(frames(100, -7), 1.5) == frames(150, -10)


def test_gain_clips_at_full_scale_instead_of_wrapping():
    loud = amplify(frames(30_000, -30_000, 10), 4.0)
    assert loud == frames(32_767, -32_768, 40)


def test_gain_nought_is_silence():
    assert amplify(frames(5, -5), 0.0) == bytes(4)


def test_nothing_amplified_is_nothing():
    assert amplify(b"", 2.0) == b""


def test_a_melody_is_as_long_as_its_notes():
    assert len(melody([(440, 0.1), (0, 0.05)], 24_000)) == 2 * 3600


def test_a_note_has_its_pitch():
    tone = np.frombuffer(melody([(1000, 1.0)], 24_000), "<i2")
    assert int(np.abs(np.fft.rfft(tone)).argmax()) == 1000


def test_a_rest_is_silence():
    assert melody([(0, 0.1)], 24_000) == bytes(2 * 2400)


def test_a_note_begins_and_ends_softly_and_is_not_loud():
    tone = np.abs(np.frombuffer(melody([(500, 0.1)], 24_000), "<i2").astype(int))
    assert 8000 < tone.max() <= 8192
    assert tone[:24].max() < 200
    assert tone[-24:].max() < 200


def test_a_fade_moves_frame_by_frame_and_ends_on_its_gain():
    faded = np.frombuffer(fade(np.full(100, 1000, "<i2").tobytes(), 0.0, 1.0), "<i2")
    assert faded.tolist() == [10 * n for n in range(1, 101)]


def test_a_fade_clips_at_full_scale():
    faded = np.frombuffer(fade(np.full(4, -30_000, "<i2").tobytes(), 1, 4), "<i2")
    assert faded.tolist() == [-32_768] * 4


def captured(since, until):
    """Frames 0..9 of a period of ten, captured in the last 10/16000 s before 1.0."""
    started_at = 1.0 - 10 / 16_000
    at = [started_at + n / 16_000 for n in (since, until)]
    return list(np.frombuffer(cut(frames(*range(10)), 1.0, *at), "<i2"))


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (-5, 15, range(0, 10)),
        (0, 10, range(0, 10)),
        (3, 15, range(3, 10)),
        (-5, 7, range(0, 7)),
        (3, 7, range(3, 7)),
        (7, 3, []),
        (10, 20, []),
        (-9, 0, []),
        (-20, -10, []),
        (20, 30, []),
    ],
)
def test_cut_keeps_the_frames_between_two_instants(since, until, expected):
    assert captured(since, until) == list(expected)


def test_two_cuts_at_one_instant_neither_lose_nor_repeat_a_frame():
    for n in range(100):
        at = n / 10
        assert captured(0, at) + captured(at, 10) == list(range(10))
