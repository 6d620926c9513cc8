# SPDX-License-Identifier: MIT
"""The records that other programs read."""

import re

import pytest

from appliance.config.sections import PricesSection
from appliance.core import events as ev
from appliance.core.signals import TABLE, Fault, Signal
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.demo.timeline import EVENTS, Timeline
from tests.rig.story import SOUND, Story


@pytest.fixture
def records():
    return []


@pytest.fixture
def story(records):
    timeline = Timeline(PricesSection(audio_in=100.0, audio_out=1000.0))
    return Story(lambda transition: records.extend(timeline.records(transition)))


def told(records, *names):
    return [
        {key: value for key, value in record.items() if key != "t"}
        for record in records
        if record["event"] in names
    ]


def test_a_turn_is_told_from_press_to_silence(story, records):
    records.clear()
    story.hear(8).say(8).answer().wait(1.0).drained()
    assert [record["event"] for record in records] == [
        *["press", "led", "turn_opened", "release", "turn_closed", "led"],
        *["answer_started", "led", "answer_ended", "playback_drained", "led"],
        "turn_over",
    ]
    (closed,) = told(records, "turn_closed")
    assert closed == {"event": "turn_closed", "turn": 1, "frames": 24_384}
    patterns = [record["pattern"] for record in told(records, "led")]
    assert patterns == ["listening", "thinking", "speaking", "idle"]


def test_a_turn_that_is_over_has_what_its_line_in_the_journal_has(story, records):
    story.say().answer().drained()
    (over,) = told(records, "turn_over")
    assert (over["outcome"], over["tokens_out"]) == ("answered", 20)
    assert (over["cost"], over["cost_today"], over["currency"]) == (0.021, 0.021, "USD")
    assert over["tokens_today"] == 30


@pytest.mark.parametrize("wanted", [True, False])
def test_what_was_said_is_told_to_those_who_want_transcripts(records, wanted):
    timeline = Timeline(PricesSection(), transcripts=wanted)
    story = Story(lambda transition: records.extend(timeline.records(transition)))
    story.say().tell(ev.TranscriptHeard("Hello", spoken=False))
    story.tell(ev.TranscriptHeard("Hi", spoken=True)).answer().drained()
    (over,) = told(records, "turn_over")
    words = (over.get("said"), over.get("answered"))
    assert words == (("Hello", "Hi") if wanted else (None, None))


def test_a_tap_is_a_press_a_release_and_a_tap(story, records):
    records.clear()
    story.press().wait(0.1).release()
    names = [record["event"] for record in records if record["event"] != "led"]
    assert names == ["press", "release", "tap"]


def test_where_a_press_toggles_the_second_of_two_quick_ones_is_the_tap(records):
    timeline = Timeline(PricesSection())
    toggled = Story(
        lambda transition: records.extend(timeline.records(transition)),
        talk=TalkSettings(TalkMode.TOGGLE),
    )
    records.clear()
    toggled.press().release().wait(0.1).press().release()
    names = [record["event"] for record in records if record["event"] != "led"]
    assert names == ["press", "release", "press", "tap", "release"]


def test_a_press_while_speaking_drops_the_playback_and_one_in_silence_none(
    story, records
):
    records.clear()
    story.press().release()
    assert told(records, "playback_dropped") == []
    story.say().answer().press()
    assert told(records, "playback_dropped") == [{"event": "playback_dropped"}]


def test_link_faults_and_earcons_are_told(story, records):
    records.clear()
    story.tell(ev.LinkLost(Fault.NETWORK, "cut")).press()
    assert told(records, "fault", "earcon", "link") == [
        {"event": "link", "state": "down"},
        {
            "event": "fault",
            "kind": "no-network",
            "reason": "cut",
            "advice": TABLE[Signal.NETWORK].advice,
        },
        {"event": "earcon", "name": "no-network"},
        {"event": "link", "state": "opening"},
    ]
    story.tell(ev.LinkUp())
    assert told(records, "fault_cleared")[0]["kind"] == "no-network"


def test_a_turn_that_is_sent_again_counts_its_frames_once(story, records):
    story.press().hear(4).tell(ev.LinkLost(None, "cut"), ev.LinkUp())
    story.release().hear(2)
    (closed,) = told(records, "turn_closed")
    assert closed["frames"] < 6 * 2048


def test_an_answer_that_breaks_off_is_not_called_whole(story, records):
    story.say().tell(ev.AnswerAudio(SOUND), ev.LinkLost(None, "cut"))
    assert told(records, "answer_ended") == []
    assert told(records, "answer_cut") == [{"event": "answer_cut", "turn": 1}]


def test_each_event_is_documented_with_its_fields(story, records):
    story.say().answer().drained().press().release()
    story.tell(ev.LinkLost(Fault.NETWORK, "cut"), ev.LinkUp())
    story.tell(ev.ToolCalled("1", "lamp", b"{}"), ev.ToolAnswered("1", b"{}"))
    story.tell(ev.ToolCalled("2", "lamp", b"{}"), ev.ToolCallsCancelled(("2",)))
    documented = {
        name.split()[0]: set(re.findall(r"\w+", name.partition("{")[2]))
        for name in EVENTS
    }
    for record in records:
        told = record.keys() - {"t", "event"}
        if record["event"] == "turn_over":
            # What was not measured is left out, and the journal has the whole list.
            assert told > documented["turn_over"]
        else:
            assert told == documented[record["event"]]
