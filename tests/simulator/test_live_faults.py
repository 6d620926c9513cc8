# SPDX-License-Identifier: MIT
"""Faults happen at their point, to their turn, once: a simulator one can trust."""

import pytest

from appliance.simulator.live.downlink import Send
from appliance.simulator.live.service import Service
from appliance.simulator.scenario import (
    Close,
    Drop,
    Error,
    Garbage,
    GoAway,
    Interrupt,
    Oversized,
    Scenario,
    SilentTurn,
    Slow,
    Stall,
    UnknownFields,
)
from tests.simulator.live_talk import SPEECH, START, Talk, audio

WHOLE = len(SPEECH) * 3 // 2


def talk_with(*faults):
    return Talk(Scenario(faults=faults))


@pytest.mark.parametrize(
    ("point", "last_line"),
    [
        ("setup", "> setup"),
        ("setup_complete", "< setupComplete"),
        ("turn_opened", "> activityStart"),
        ("first_audio", "> audio 32000"),
        ("turn_closed", "> activityEnd"),
        ("answer_started", "< audio 1920"),
        ("mid_answer", "< audio 1920"),
        ("answer_ended", "< turnComplete"),
    ],
)
def test_a_drop_happens_at_its_point(point, last_line):
    talk = talk_with(Drop(at=point)).set_up().speak().wait(3)
    assert talk.actions[-1][1] == Drop(at=point)
    lines = [line for _, line in talk.service.transcript]
    assert last_line in lines
    after = lines[lines.index("< drop") + 1 :]
    assert lines[lines.index("< drop") - 1] == last_line
    assert all(line.startswith(">") for line in after)


def test_answer_started_is_after_the_first_audio_and_mid_answer_half_way():
    assert len(
        talk_with(Drop(at="answer_started")).set_up().speak().wait(3).spoken
    ) == (1920)
    half = len(talk_with(Drop(at="mid_answer")).set_up().speak().wait(3).spoken)
    assert abs(half - WHOLE / 2) <= 1920


def test_a_fault_strikes_its_turn_and_link_only_and_once():
    service = Service(Scenario(faults=(Close(1011, "bye", at="turn_closed", turn=2),)))
    first = Talk(service=service).set_up().speak().wait(3)
    assert first.closed is None
    assert first.speak().closed == (1011, "bye")
    assert Talk(service=service).set_up().speak().wait(3).closed is None


def test_a_fault_of_the_second_link_spares_the_first():
    service = Service(Scenario(faults=(Drop(at="setup", link=2),)))
    assert Talk(service=service).set_up().messages
    assert not Talk(service=service).set_up().messages
    assert Talk(service=service).set_up().messages


def test_a_repeated_fault_strikes_each_time():
    service = Service(Scenario(faults=(Drop(at="setup", repeat=True),)))
    assert not Talk(service=service).set_up().messages
    assert not Talk(service=service).set_up().messages


def test_a_silent_turn_ends_without_audio_and_the_next_is_answered():
    talk = talk_with(SilentTurn(at="turn_opened", turn=1)).set_up().speak().wait(3)
    assert (talk.spoken, talk.lines[-1]) == (b"", "< turnComplete")
    assert len(talk.speak().wait(3).spoken) == WHOLE


def test_a_turn_silenced_mid_answer_ends_there():
    talk = talk_with(SilentTurn(at="mid_answer")).set_up().speak().wait(3)
    assert 0 < len(talk.spoken) < WHOLE
    assert talk.lines[-1] == "< turnComplete"


def test_a_slow_answer_is_slower_than_real_time():
    talk = talk_with(Slow(0.5, at="turn_closed")).set_up().speak().wait(1.3)
    assert 0.4 * WHOLE < len(talk.spoken) < 0.6 * WHOLE
    assert len(talk.wait(2).spoken) == WHOLE


def test_a_silent_second_turn_does_not_touch_the_answer_it_interrupts():
    silent = SilentTurn(at="turn_opened", turn=2)
    talk = talk_with(silent).set_up().speak().wait(0.4).say(START)
    before = len(talk.spoken)
    assert len(talk.wait(0.04).spoken) > before
    talk.say(audio(), {"realtimeInput": {"activityEnd": {}}}).wait(3)
    assert talk.service.turns[1].answer == b""


def test_a_spurious_interruption_cuts_the_answer():
    talk = talk_with(Interrupt(at="mid_answer")).set_up().speak().wait(3)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    assert 0 < len(talk.spoken) < WHOLE
    assert len(talk.speak().wait(3).service.turns[1].answer) == WHOLE


def test_a_spurious_interruption_of_nothing_is_said_all_the_same():
    talk = Talk().set_up()
    talk.session.inject(Interrupt(), talk.now)
    assert talk.wait(0).lines[-2:] == ["< interrupted", "< turnComplete"]


def test_an_injected_go_away_ends_in_1008_if_ignored():
    talk = Talk().set_up()
    talk.session.inject(GoAway(1.5), talk.now)
    assert talk.wait(1.4).messages[-1] == {"goAway": {"timeLeft": "1.5s"}}
    assert talk.wait(0.2).closed[0] == 1008


def test_garbage_is_not_json_and_the_talk_goes_on():
    talk = talk_with(Garbage(at="setup_complete")).set_up().speak().wait(3)
    frames = [action.frame for _, action in talk.actions if type(action) is Send]
    assert sum(not frame.startswith(b"{") for frame in frames) == 1
    assert talk.lines[-1] == "< turnComplete"


def test_only_the_first_audio_of_a_turn_is_first_audio():
    talk = talk_with(Garbage(at="first_audio", repeat=True)).set_up()
    talk.say(START, audio(), audio()).wait(1)
    assert talk.lines.count("< garbage") == 1


def test_an_oversized_frame_is_larger_than_a_mebibyte():
    talk = talk_with(Oversized(at="setup_complete")).set_up()
    assert max(len(action.frame) for _, action in talk.actions) > 2**20


def test_an_error_object_is_a_message_and_the_talk_goes_on():
    talk = talk_with(Error(429, "Too much.", at="setup_complete")).set_up()
    assert {"error": {"code": 429, "message": "Too much."}} in talk.messages
    assert len(talk.speak().wait(3).spoken) == WHOLE


def test_unknown_fields_are_in_every_message_from_then_on():
    talk = talk_with(UnknownFields(at="turn_opened")).set_up().speak().wait(3)
    assert "novelty" not in talk.messages[0]
    assert all("novelty" in message for message in talk.messages[1:])
    assert all("novelty" in content for content in talk.content)
    assert len(talk.spoken) == WHOLE


def test_a_stalled_session_says_nothing_more():
    talk = talk_with(Stall(at="mid_answer")).set_up().speak().wait(60)
    assert isinstance(talk.actions[-1][1], Stall)
    assert talk.session.next_at is None


def test_an_injected_fault_strikes_the_turn_that_is_being_answered():
    talk = Talk().set_up().speak().wait(0.4)
    talk.session.inject(SilentTurn(), talk.now)
    assert len(talk.wait(3).spoken) < WHOLE
    assert len(talk.speak().wait(3).service.turns[1].answer) == WHOLE


def test_an_injected_fault_strikes_the_next_turn_when_none_runs():
    talk = Talk().set_up().speak().wait(3)
    talk.session.inject(SilentTurn(), talk.now)
    assert talk.speak().wait(3).service.turns[1].answer == b""


def test_nothing_can_be_injected_after_the_end():
    talk = Talk().set_up()
    for fault in (Drop(), Close(), Garbage(), GoAway(), Interrupt()):
        talk.session.inject(fault, talk.now)
    assert [action for _, action in talk.wait(60).actions[1:]] == [Drop()]
