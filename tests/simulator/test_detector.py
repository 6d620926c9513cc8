# SPDX-License-Identifier: MIT
"""Speech is told from silence to the period, however the stream is cut."""

import random

import pytest

from appliance.simulator.live.detector import Detector, Speech, SpeechEnded
from appliance.simulator.live.fields import (
    AutomaticActivityDetection,
    RealtimeInputConfig,
)
from tests.simulator.live_talk import SPEECH

PERIOD = 640  # bytes of 20 ms


def detector(coverage=None, **wanted):
    detection = AutomaticActivityDetection(**wanted)
    return Detector(RealtimeInputConfig(detection, turn_coverage=coverage))


def silence(length_ms):
    return bytes(32 * length_ms)


def turns(hearing, *pieces):
    """The finished turns, and what is heard of the one that goes on."""
    found, current = [], b""
    for piece in pieces:
        for heard in hearing.hear(piece):
            match heard:
                case Speech(pcm):
                    current += pcm
                case SpeechEnded():
                    found.append(current)
                    current = b""
    return found, current


def test_silence_is_no_turn():
    assert turns(detector(), silence(5000)) == ([], b"")


def test_a_turn_is_padding_and_speech_without_the_silence_after_it():
    hearing = detector(prefix_padding_ms=100, silence_duration_ms=300)
    stream = silence(1000) + SPEECH + silence(1000)
    assert turns(hearing, stream) == ([silence(100) + SPEECH], b"")


def test_a_turn_is_the_same_however_the_stream_is_cut():
    stream = silence(500) + SPEECH + silence(900) + SPEECH[:9600] + silence(900)
    whole = turns(detector(), stream)
    assert [len(turn) for turn in whole[0]] == [PERIOD + 32_000, PERIOD + 9600]
    for seed in range(20):
        cutting = random.Random(seed)
        hearing, rest, found = detector(), stream, []
        while rest:
            size = cutting.randrange(1, 9000)
            found += [heard for heard in hearing.hear(rest[:size])]
            rest = rest[size:]
        said = b"".join(heard.pcm for heard in found if isinstance(heard, Speech))
        assert said == b"".join(whole[0])
        assert found.count(SpeechEnded()) == 2


def test_a_pause_shorter_than_the_silence_belongs_to_the_turn():
    hearing = detector(silence_duration_ms=500)
    stream = SPEECH + silence(480) + SPEECH + silence(500)
    assert turns(hearing, stream) == ([SPEECH + silence(480) + SPEECH], b"")


@pytest.mark.parametrize(
    ("sensitivity", "silence_ms"),
    [(None, 800), ("END_SENSITIVITY_HIGH", 800), ("END_SENSITIVITY_LOW", 1200)],
)
def test_the_end_comes_later_at_low_sensitivity(sensitivity, silence_ms):
    hearing = detector(end_of_speech_sensitivity=sensitivity)
    found, current = turns(hearing, SPEECH + silence(silence_ms - 20))
    assert (found, current) == ([], SPEECH)
    assert list(hearing.hear(silence(20))) == [SpeechEnded()]


def test_soft_speech_is_heard_at_high_sensitivity_only():
    soft = b"".join(sample.to_bytes(2, "little") for sample in [600, 500] * 8000)
    low = detector(start_of_speech_sensitivity="START_SENSITIVITY_LOW")
    assert turns(low, soft) == ([], b"")
    assert turns(detector(), soft)[1]


def test_a_click_shorter_than_the_padding_is_no_speech():
    hearing = detector(prefix_padding_ms=100)
    assert turns(hearing, silence(500) + SPEECH[:2560] + silence(500)) == ([], b"")
    assert turns(hearing, SPEECH[:3200])[1] == silence(100) + SPEECH[:3200]


def test_speech_with_lulls_is_speech():
    hearing = detector(prefix_padding_ms=100)
    syllable = SPEECH[:1920] + silence(40)
    assert turns(hearing, syllable * 3)[1].startswith(syllable)


def test_without_padding_a_turn_begins_with_its_first_loud_period():
    hearing = detector(prefix_padding_ms=0)
    assert turns(hearing, silence(200) + SPEECH)[1] == SPEECH


def test_all_input_includes_the_silence_on_both_sides():
    hearing = detector("TURN_INCLUDES_ALL_INPUT", silence_duration_ms=200)
    stream = silence(2000) + SPEECH + silence(200)
    assert turns(hearing, stream, stream) == ([stream, stream], b"")


def test_the_silence_after_a_turn_may_be_the_padding_of_the_next():
    hearing = detector(prefix_padding_ms=100, silence_duration_ms=200)
    stream = SPEECH + silence(200)
    assert turns(hearing, stream, stream)[0][1] == silence(100) + SPEECH


def test_the_end_of_the_stream_ends_speech_at_once():
    hearing = detector()
    turns(hearing, SPEECH + silence(100) + SPEECH[:100])
    assert list(hearing.end()) == [Speech(SPEECH[:100]), SpeechEnded()]
    assert list(hearing.end()) == []


def test_nothing_from_before_the_end_of_the_stream_belongs_to_the_next_turn():
    hearing = detector("TURN_INCLUDES_ALL_INPUT", prefix_padding_ms=100)
    turns(hearing, silence(1000) + SPEECH[:660])
    assert list(hearing.end()) == []
    assert turns(hearing, SPEECH)[1] == SPEECH
