# SPDX-License-Identifier: MIT
"""The journal's lines: what went wrong, what to do, and never a secret."""

import logging
import re

import pytest

from appliance.config.sections import PricesSection
from appliance.core import events as ev
from appliance.core.message_ids import READY_ID, TURN_ID
from appliance.core.signals import TABLE, Fault, Signal, signal_of
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.journal import lines as log_lines
from appliance.journal.lines import LogLines
from tests.rig.story import Story


@pytest.fixture
def story(caplog):
    caplog.set_level(logging.INFO)
    return Story(LogLines(transcripts=False).follow)


def lines(caplog, message_id):
    return [r for r in caplog.records if message_id == r.MESSAGE_ID]


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_one_warning_with_its_reason_and_what_to_do(story, caplog, fault):
    row = TABLE[signal_of(fault)]
    story.tell(ev.FaultRaised(fault, "the reason"), ev.FaultRaised(fault, "again"))
    (record,) = lines(caplog, row.message_id)
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"{row.situation} (the reason). {row.advice}"
    assert signal_of(fault).value == record.SITUATION
    story.tell(ev.FaultCleared(fault))
    assert caplog.records[-1].getMessage() == f"{row.situation}: working again"
    assert signal_of(fault).value == caplog.records[-1].SITUATION


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        (TalkMode.HOLD, "hold the button and talk"),
        (TalkMode.TOGGLE, "press the button and talk"),
        (TalkMode.HANDS_FREE, "press the button and talk"),
    ],
)
def test_a_box_that_is_ready_says_how_it_is_talked_to(caplog, mode, how):
    caplog.set_level(logging.INFO)
    Story(LogLines(transcripts=False).follow, talk=TalkSettings(mode))
    (record,) = lines(caplog, READY_ID)
    assert record.getMessage() == f"ready: {how}"


def test_a_turn_is_one_line_with_fields_and_without_what_was_said(story, caplog):
    story.say().tell(ev.TranscriptHeard("my secret", spoken=False)).answer().drained()
    (record,) = lines(caplog, TURN_ID)
    assert record.getMessage().startswith("turn 1 answered: said ")
    assert (record.TURN, record.OUTCOME, record.ANSWER_MS) == (1, "answered", 1000)
    assert not hasattr(record, "SAID")
    assert not hasattr(record, "ANSWERED")
    assert "my secret" not in caplog.text
    assert not any("my secret" in str(vars(other)) for other in caplog.records)


def test_transcripts_are_fields_when_they_are_wanted(caplog):
    caplog.set_level(logging.INFO)
    story = Story(LogLines(transcripts=True).follow)
    story.say().tell(ev.TranscriptHeard("hello", spoken=False))
    story.tell(ev.TranscriptHeard("good day", spoken=True)).answer().drained()
    (record,) = lines(caplog, TURN_ID)
    assert (record.SAID, record.ANSWERED) == ("hello", "good day")
    assert "hello" not in record.getMessage()


def test_a_turn_tells_what_it_and_the_day_cost(caplog):
    caplog.set_level(logging.INFO)
    prices = PricesSection(currency="EUR", audio_in=100.0, audio_out=1000.0)
    story = Story(LogLines(transcripts=False, prices=prices).follow)
    story.say().answer().drained().wait(3).say().answer().drained()
    first, second = lines(caplog, TURN_ID)
    assert (first.TOKENS_IN, first.TOKENS_OUT, first.TOKENS_TODAY) == (10, 20, 30)
    assert (first.COST, first.COST_TODAY, first.CURRENCY) == (0.021, 0.021, "EUR")
    assert (second.COST, second.COST_TODAY, second.TOKENS_TODAY) == (0.021, 0.042, 60)


def test_a_turn_without_answer_gives_the_services_reason(story, caplog):
    story.say().tell(ev.AnswerEnded("RESPONSE_REJECTED"))
    (record,) = lines(caplog, TABLE[Signal.NO_ANSWER].message_id)
    assert "no answer (RESPONSE_REJECTED). Say it again" in record.getMessage()


def test_what_goes_wrong_in_a_turn_has_its_number_and_nothing_else_has(story, caplog):
    story.say().tell(ev.AnswerEnded()).tell(ev.LinkLost(Fault.NETWORK, "gone"))
    assert lines(caplog, TABLE[Signal.NO_ANSWER].message_id)[0].TURN == 1
    assert not hasattr(lines(caplog, TABLE[Signal.NETWORK].message_id)[0], "TURN")
    story.press().hear(8).tell(ev.FaultRaised(Fault.MICROPHONE, "gone"))
    assert lines(caplog, TABLE[Signal.MICROPHONE].message_id)[0].TURN == 2


def test_an_interrupted_answer_is_told_with_its_turn(story, caplog):
    story.say().tell(ev.AnswerAudio(bytes(9600)), ev.AnswerInterrupted())
    assert lines(caplog, TABLE[Signal.LOST].message_id)[0].TURN == 1


def test_a_link_that_comes_and_goes_is_told_in_one_line_each(story, caplog):
    caplog.clear()
    story.tell(ev.LinkLost(None, "1011 Internal error"), ev.LinkOpening())
    story.tell(ev.LinkUp(resumed=True)).wait(400)
    texts = [record.getMessage() for record in caplog.records]
    assert texts == [
        "link lost (1011 Internal error); opening another",
        "link resumed",
        "link closed until the next press",
    ]


def refused(reason):
    return ev.LinkLost(Fault.REFUSED, reason)


def test_each_text_of_a_refusal_is_told_once_though_the_fault_is_the_same(
    story, caplog
):
    caplog.clear()
    story.tell(refused("1008 never seen"), refused("1008 never seen"))
    story.tell(refused("1011 nor this"), refused("1008 never seen"))
    first, second = [record.getMessage() for record in caplog.records]
    assert "(1008 never seen)" in first
    assert second == "still no link (1011 nor this)"


def test_what_was_told_of_one_outage_is_told_of_the_next(story, caplog):
    story.tell(refused("1008 a"), refused("1011 b"), ev.LinkUp())
    caplog.clear()
    story.tell(refused("1008 a"), refused("1011 b"))
    assert "still no link (1011 b)" in caplog.text


def test_no_service_can_fill_the_journal_with_refusals(story, caplog):
    caplog.clear()
    story.tell(*(refused(f"1011 number {number}") for number in range(500)))
    assert len(caplog.records) <= 20


@pytest.mark.parametrize(
    "event", [ev.LinkLost(Fault.NETWORK, "gone"), ev.StopRequested()]
)
def test_a_link_that_is_lost_or_ends_with_the_box_waits_for_no_press(
    story, caplog, event
):
    story.tell(event)
    assert "until the next press" not in caplog.text


def test_message_ids_are_fixed_and_distinct():
    own = [v for k, v in vars(log_lines).items() if k.endswith("_ID")]
    ids = own + [row.message_id for row in TABLE.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", message_id) for message_id in ids)
