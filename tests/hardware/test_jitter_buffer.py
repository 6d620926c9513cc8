# SPDX-License-Identifier: MIT
import pytest

from appliance.hardware.jitter_buffer import JitterBuffer
from appliance.hardware.prefill import Prefill
from tests.rig.waiting import noise

PERIOD = 480


def fixed(prefill_ms: int) -> JitterBuffer:
    return JitterBuffer(Prefill(prefill_ms / 1000))


def buffer_with(frames: int, prefill_ms: int = 0) -> JitterBuffer:
    buffer = fixed(prefill_ms)
    buffer.play(noise(frames), 0.0)
    return buffer


def test_nothing_is_taken_from_an_empty_buffer():
    taken = fixed(60).take(PERIOD)
    assert taken.pcm == b""
    assert (taken.frames, taken.began, taken.ran_dry) == (0, False, False)


def test_nothing_plays_before_the_prefill_is_there():
    buffer = buffer_with(60 * 24 - 1, prefill_ms=60)
    assert buffer.take(PERIOD).frames == 0
    buffer.play(noise(1), 0.0)
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.began) == (PERIOD, True)
    assert not buffer.take(PERIOD).began


def test_a_short_answer_plays_without_prefill_once_no_more_is_to_come():
    buffer = buffer_with(100, prefill_ms=60)
    buffer.drain(1)
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.began, taken.drained) == (100, True, 1)


@pytest.mark.parametrize("sizes", [(1, 2, 3, 4000), (961,) * 9, (7, 1), (10_000,)])
def test_what_is_played_in_any_sizes_is_taken_sample_by_sample(sizes):
    buffer, sound = fixed(0), noise(8000)
    played, rest = b"", sound
    for size in sizes:
        buffer.play(rest[:size], 0.0)
        played, rest = played + rest[:size], rest[size:]
    buffer.drain(1)
    taken = b""
    while True:
        period = buffer.take(PERIOD)
        assert len(period.pcm) == 2 * PERIOD
        taken += period.pcm[: 2 * period.frames]
        if period.drained:
            break
    assert taken == played[: len(played) // 2 * 2]


def test_a_period_is_padded_with_silence():
    buffer, sound = fixed(0), noise(5)
    buffer.play(sound, 0.0)
    assert buffer.take(PERIOD).pcm == sound + bytes(2 * (PERIOD - 5))


def test_running_dry_is_told_once_and_fills_anew():
    buffer = buffer_with(PERIOD + 1, prefill_ms=20)
    assert [buffer.take(PERIOD).ran_dry for _ in range(4)] == [
        False,
        True,
        False,
        False,
    ]
    buffer.play(noise(PERIOD - 1), 0.0)
    assert buffer.take(PERIOD).frames == 0
    buffer.play(noise(PERIOD), 0.0)
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.began) == (PERIOD, True)


def test_audio_that_comes_just_in_time_is_no_underrun():
    buffer = buffer_with(PERIOD)
    assert not buffer.take(PERIOD).ran_dry
    buffer.play(noise(PERIOD), 0.0)
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.began, taken.ran_dry) == (PERIOD, False, False)


def test_drained_is_told_with_the_last_frame():
    buffer = buffer_with(2 * PERIOD)
    buffer.drain(7)
    assert [buffer.take(PERIOD).drained for _ in range(3)] == [None, 7, None]


def test_draining_what_is_empty_is_told_with_the_next_period():
    buffer = fixed(60)
    buffer.drain(3)
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.began, taken.drained) == (0, False, 3)


def test_drain_after_the_last_frame_is_no_underrun():
    buffer = buffer_with(PERIOD)
    buffer.take(PERIOD)
    buffer.drain(2)
    taken = buffer.take(PERIOD)
    assert (taken.drained, taken.ran_dry) == (2, False)


def test_more_audio_after_a_drain_plays_on_and_the_later_drain_counts():
    buffer = buffer_with(PERIOD)
    buffer.drain(1)
    buffer.play(noise(PERIOD), 0.0)
    buffer.drain(2)
    assert [buffer.take(PERIOD).drained for _ in range(2)] == [None, 2]


def test_drop_leaves_nothing_and_tells_that_sound_was_cut():
    buffer = buffer_with(10 * PERIOD)
    buffer.take(PERIOD)
    buffer.drain(1)
    assert buffer.drop()
    taken = buffer.take(PERIOD)
    assert (taken.frames, taken.drained) == (0, None)
    assert not buffer.drop()


def test_drop_of_what_was_never_heard_cuts_nothing():
    buffer = buffer_with(100, prefill_ms=60)
    buffer.take(PERIOD)
    assert not buffer.drop()


def test_drop_after_the_end_cuts_nothing():
    buffer = buffer_with(100)
    buffer.drain(1)
    assert buffer.take(PERIOD).drained == 1
    assert not buffer.drop()


def test_drop_in_a_gap_of_an_answer_is_told():
    buffer = buffer_with(100)
    assert buffer.take(PERIOD).ran_dry
    buffer.take(PERIOD)
    assert buffer.drop()


def test_drop_forgets_half_a_frame():
    buffer = fixed(0)
    buffer.play(b"\x01", 0.0)
    buffer.drop()
    buffer.play(b"\x02\x03", 0.0)
    assert buffer.take(1).pcm == b"\x02\x03"


def test_a_sound_inserted_into_an_answer_leaves_its_halved_frame_whole():
    buffer, answer, earcon = fixed(0), noise(10), noise(4, seed=2)
    buffer.play(answer[:7], 0.0)
    buffer.insert(earcon, 1)
    buffer.play(answer[7:], 0.0)
    taken = buffer.take(PERIOD)
    assert taken.drained == 1
    assert taken.pcm[: 2 * taken.frames] == answer[:6] + earcon + answer[6:]


def test_drain_forgets_half_a_frame():
    buffer = fixed(0)
    buffer.play(b"\x01", 0.0)
    buffer.drain(1)
    buffer.play(b"\x02\x03", 0.0)
    assert buffer.take(1).pcm == b"\x02\x03"


def test_it_tells_how_much_sound_waits():
    buffer = fixed(0)
    buffer.play(noise(24_000), 0.0)
    buffer.play(noise(12_000), 0.0)
    assert buffer.waiting_s == 1.5
    buffer.take(6_000)
    assert buffer.waiting_s == 1.25
    buffer.drop()
    assert buffer.waiting_s == 0.0
