# SPDX-License-Identifier: MIT
"""The recipe of early 2025, for a service that still takes it, and for today's."""

import base64

import pytest

from appliance.simulator.live.service import Service
from appliance.simulator.live.sound import resample
from appliance.simulator.scenario import Scenario
from tests.simulator.live_talk import END, SPEECH, START, Talk, audio, setup

NOTHING = [{"role": "user", "parts": []}]
DONE = {"client_content": {"turns": NOTHING, "turn_complete": True}}
GO_ON = {"client_content": {"turns": NOTHING, "turn_complete": False}}
SETUP = {
    "setup": {
        "model": "models/gemini-2.0-flash-exp",
        "generation_config": {"response_modalities": ["AUDIO"]},
    }
}


def chunk(pcm, mime_type="audio/pcm;rate=16000"):
    data = base64.b64encode(pcm).decode()
    chunks = [{"data": data, "mime_type": mime_type}]
    return {"realtime_input": {"media_chunks": chunks}}


def talk_2025(scenario=None):
    service = Service(scenario or Scenario(), dialect="2025")
    return Talk(service=service).say(SETUP).wait(0.1)


def test_chunks_are_a_turn_that_ends_when_the_content_is_complete():
    talk = talk_2025().say(chunk(SPEECH[:4096]), chunk(SPEECH[4096:])).wait(2)
    assert talk.service.turns[0].closed_at is None
    talk.say(DONE).wait(3)
    assert talk.spoken == resample(SPEECH, 16_000, 24_000)
    assert talk.lines == [
        "> setup",
        "< setupComplete",
        "> mediaChunks",
        "> mediaChunks",
        "> clientContent",
        "< generationComplete",
        "< turnComplete",
    ]


def test_camel_case_is_the_same():
    data = base64.b64encode(SPEECH).decode()
    camel = [{"data": data, "mimeType": "audio/pcm"}]
    talk = talk_2025().say({"realtimeInput": {"mediaChunks": camel}})
    talk.say({"clientContent": {"turnComplete": True}}).wait(3)
    assert talk.service.turns[0].complete


def test_a_pause_does_not_end_a_turn():
    talk = talk_2025().say(chunk(SPEECH), chunk(bytes(64_000)), chunk(SPEECH))
    assert talk.service.turns[0].heard == SPEECH + bytes(64_000) + SPEECH


def test_going_on_during_an_answer_has_no_effect():
    talk = talk_2025().say(chunk(SPEECH), DONE).wait(0.35)
    while "< turnComplete" not in talk.lines:
        talk.say(GO_ON).wait(0.02)
    assert "< interrupted" not in talk.lines
    assert talk.say(GO_ON).wait(3).spoken == resample(SPEECH, 16_000, 24_000)
    assert len(talk.service.turns) == 1


def test_complete_content_without_audio_has_no_effect():
    talk = talk_2025().say(DONE).wait(3)
    assert (talk.service.turns, talk.closed) == ([], None)
    assert (
        talk.say(chunk(SPEECH), DONE, DONE).wait(3).lines.count("< turnComplete") == 1
    )


def test_talking_over_an_answer_interrupts_it():
    talk = talk_2025().say(chunk(SPEECH), DONE).wait(0.4).say(chunk(SPEECH)).wait(0.1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    talk.say(DONE).wait(3)
    assert [turn.complete for turn in talk.service.turns] == [False, True]


def test_written_content_is_answered():
    turns = [{"role": "user", "parts": [{"text": "hi"}]}]
    complete = {"client_content": {"turns": turns, "turn_complete": True}}
    assert talk_2025().say(complete).wait(3).service.turns[0].text == "hi"


def test_pictures_are_taken_and_not_heard():
    talk = talk_2025().say(chunk(b"\xff\xd8", "image/jpeg"))
    assert (talk.service.turns, talk.closed) == ([], None)
    assert talk.say(chunk(b"", "audio/mp3")).closed[0] == 1007


def test_what_is_said_as_today_is_taken_as_well():
    service = Service(Scenario(), dialect="2025")
    talk = Talk(service=service).say(setup()).wait(0.1).say(START, audio(), END).wait(3)
    assert talk.service.turns[0].complete


@pytest.mark.parametrize("config", [{}, {"automaticActivityDetection": {}}])
def test_todays_service_refuses_chunks_and_is_deaf_to_the_rest(config):
    talk = Talk().set_up(realtimeInputConfig=config).say(DONE, GO_ON).wait(1)
    assert (talk.service.turns, talk.closed) == ([], None)
    assert talk.say(chunk(SPEECH)).closed == (
        1007,
        "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
    )


def test_todays_service_is_interrupted_by_going_on():
    talk = Talk().set_up().speak().wait(0.4).say(GO_ON).wait(1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]


def test_todays_service_does_not_know_the_old_model():
    assert Talk().say(SETUP).closed[0] == 1008
