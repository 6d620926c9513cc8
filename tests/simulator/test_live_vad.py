# SPDX-License-Identifier: MIT
"""Turns that the service detects: the audio is a stream, nobody marks anything."""

import pytest

from appliance.simulator.live.sound import resample
from appliance.simulator.scenario import Close, Interrupt, Scenario
from tests.simulator.live_talk import END, SPEECH, START, Talk, audio

PAUSE = bytes(25_600)  # 800 ms
STREAM_END = {"realtimeInput": {"audioStreamEnd": True}}


def set_up(scenario=None, **config):
    return Talk(scenario).set_up(realtimeInputConfig=config)


def heard(talk):
    return [turn.heard for turn in talk.service.turns]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"automaticActivityDetection": {}},
        {"automaticActivityDetection": {"disabled": False}},
        {"automatic_activity_detection": {"prefix_padding_ms": "20"}},
    ],
)
def test_detection_is_automatic_unless_it_is_disabled(config):
    talk = set_up(**config).say(audio(bytes(3200) + SPEECH + PAUSE)).wait(3)
    assert heard(talk) == [bytes(640) + SPEECH]
    assert talk.spoken == resample(bytes(640) + SPEECH, 16_000, 24_000)


def test_detection_is_automatic_if_the_setup_says_nothing_of_it():
    talk = Talk().say({"setup": {"model": "models/gemini-3.8-live"}}).wait(0.1)
    assert talk.say(audio(SPEECH + PAUSE)).wait(3).service.turns[0].complete


def test_a_turn_ends_once_the_silence_is_long_enough():
    talk = set_up().say(audio(SPEECH), audio(PAUSE[:-640])).wait(2)
    assert talk.service.turns[0].closed_at is None
    talk.say(audio(PAUSE[-640:])).wait(3)
    turn = talk.service.turns[0]
    assert (turn.complete, turn.interrupted) == (True, False)
    assert turn.opened_at + 2 == turn.closed_at
    assert talk.lines[2:] == ["< generationComplete", "< turnComplete"]


def test_the_silence_is_the_clients_to_choose():
    short = {"silenceDurationMs": 200}
    talk = set_up(automaticActivityDetection=short)
    talk.say(audio(SPEECH), audio(PAUSE[:6400])).wait(3)
    assert talk.service.turns[0].complete


def test_a_stream_of_48_khz_is_detected_as_well():
    fast = resample(SPEECH + PAUSE, 16_000, 48_000)
    talk = set_up().say(audio(fast, "audio/pcm;rate=48000")).wait(3)
    assert len(heard(talk)[0]) == len(SPEECH)


def test_speech_during_an_answer_interrupts_it_and_no_more_of_it_comes():
    talk = set_up().say(audio(SPEECH + PAUSE)).wait(0.4).say(audio(SPEECH)).wait(0.1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    old = talk.spoken
    assert 0 < len(old) < len(SPEECH) * 3 // 2
    assert talk.wait(3).spoken == old
    assert talk.say(audio(PAUSE)).wait(3).spoken.startswith(old)
    first, second = talk.service.turns
    assert (first.interrupted, first.complete) == (True, False)
    assert second.complete
    assert second.answer == talk.spoken[len(old) :]


def test_speech_before_the_answer_begins_interrupts_too():
    talk = set_up().say(audio(SPEECH + PAUSE)).wait(0.1).say(audio(SPEECH)).wait(0.1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    assert talk.spoken == b""


def test_silence_during_an_answer_does_not_interrupt():
    talk = set_up().say(audio(SPEECH + PAUSE)).wait(0.4)
    talk.say(*[audio(bytes(4096))] * 40).wait(3)
    assert "< interrupted" not in talk.lines
    assert talk.service.turns[0].complete


def test_without_interruption_what_is_said_waits_for_the_old_answer():
    talk = set_up(activityHandling="NO_INTERRUPTION")
    talk.say(audio(SPEECH + PAUSE)).wait(0.4).say(audio(SPEECH + PAUSE)).wait(5)
    assert "< interrupted" not in talk.lines
    assert [turn.complete for turn in talk.service.turns] == [True, True]


def test_all_input_is_heard_if_the_client_wants_it():
    talk = set_up(turnCoverage="TURN_INCLUDES_ALL_INPUT")
    everything = bytes(64_000) + SPEECH + PAUSE
    assert heard(talk.say(audio(everything)).wait(3)) == [everything]


def test_the_end_of_the_stream_ends_the_turn_at_once():
    talk = set_up().say(audio(SPEECH), STREAM_END)
    assert talk.service.turns[0].closed_at == talk.now
    assert talk.wait(3).service.turns[0].complete
    assert len(talk.say(STREAM_END, audio(PAUSE), STREAM_END).service.turns) == 1


def test_the_end_of_the_stream_may_be_ignored():
    talk = set_up(Scenario(heeds_stream_end=False)).say(audio(SPEECH), STREAM_END)
    assert talk.wait(3).service.turns[0].closed_at is None


@pytest.mark.parametrize("message", [START, END])
def test_a_client_may_not_mark_turns_as_well(message):
    talk = set_up().say(audio(SPEECH), message)
    assert talk.closed == (
        1007,
        "Explicit activity control is not supported when automatic activity detection "
        "is enabled.",
    )


def test_text_is_answered_at_once():
    talk = set_up().say({"realtimeInput": {"text": "hello"}}).wait(3)
    assert talk.service.turns[0].complete


def test_the_points_of_a_scenario_are_reached():
    fault = Close(1011, "Internal error encountered.", at="turn_closed", turn=2)
    talk = set_up(Scenario(faults=(fault, Interrupt(at="mid_answer", turn=1))))
    talk.say(audio(SPEECH + PAUSE)).wait(3)
    assert talk.service.turns[0].interrupted
    talk.say(audio(SPEECH + PAUSE))
    assert talk.closed == (1011, "Internal error encountered.")
