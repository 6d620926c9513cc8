# SPDX-License-Identifier: MIT
"""What a turn took, as the journal tells it."""

import pytest

from appliance.basics.record import replace
from appliance.config.sections import PricesSection
from appliance.core import events as ev
from appliance.core.signals import Fault
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.core.tokens import Spent, Tokens
from appliance.journal.turn_report import Report, turn_fields
from tests.rig.story import PERIOD_S, Story

#: A tenth of a second.
LOUD = b"\x55" * 4800


@pytest.fixture
def reports():
    return []


@pytest.fixture
def story(reports):
    return Story(lambda transition: reports.extend(transition.reports))


def test_an_answered_turn_is_measured_from_press_to_last_sound(story, reports):
    story.hear(8).say(8).wait(0.5).answer()
    assert reports == []
    story.wait(1.0).drained()
    (report,) = reports
    assert report.fields() == {
        "TURN": 1,
        "OUTCOME": "answered",
        "HOLD_MS": round(8 * PERIOD_S * 1000),
        "PRESS_TO_WIRE_MS": round(2 * PERIOD_S * 1000),
        "RELEASE_TO_FIRST_SOUND_MS": round((2 * PERIOD_S + 0.5 + 0.02) * 1000),
        "OWN_MS": round((2 * PERIOD_S + 0.02) * 1000),
        "SERVICE_MS": 500,
        "ANSWER_MS": 1000,
        "XRUNS": 0,
        "UNDERRUNS": 0,
        "REDELIVERED": 0,
        "TOKENS_IN": 10,
        "TOKENS_OUT": 20,
        "TOKENS_IN_AUDIO": 10,
        "TOKENS_OUT_AUDIO": 20,
    }
    assert report.line() == (
        "turn 1 answered: said 1.5 s, answered after 776 ms (the box: 276 ms) for 1.0 s"
    )


def test_a_turn_that_is_talked_over_tells_how_fast_it_fell_silent(story, reports):
    story.say().answer().wait(0.2).press()
    assert reports == []
    story.tell(ev.PlaybackSilenced(story.now + 0.031))
    (report,) = reports
    assert (report.turn, report.outcome, report.cut_ms) == (1, "cut", 31)
    assert report.line().endswith(", cut in 31 ms")


def test_tokens_that_are_counted_after_a_turn_was_cut_are_the_days_only(story, reports):
    story.say().tell(ev.AnswerAudio(bytes(48_000)), ev.PlaybackStarted(story.now))
    story.press().release().tell(ev.PlaybackSilenced(story.now))
    story.tell(ev.TokensCounted(Tokens(audio_in=7)), ev.AnswerEnded())
    story.wait(1.0).say().answer().drained()
    assert [(r.outcome, r.tokens.total_in) for r in reports] == [
        ("cut", 0),
        ("answered", 10),
    ]
    assert story.transitions[-1].after.budget.spent.tokens.total_in == 17


def test_what_is_told_after_the_end_of_a_turn_that_still_sounds_is_its_own(
    story, reports
):
    story.say().answer().tell(
        ev.TokensCounted(Tokens(audio_in=7)),
        ev.TranscriptHeard(" At last.", spoken=True),
    )
    story.drained()
    (report,) = reports
    assert report.tokens.total_in == 17
    assert report.answered.endswith(" At last.")


def test_a_tap_while_thinking_ends_the_turn_at_once(story, reports):
    story.say().press().wait(0.1).release()
    assert [(report.turn, report.outcome) for report in reports] == [(1, "cancelled")]


def test_a_hold_that_ends_at_its_limit_was_held_for_so_long(story, reports):
    story.press().hear(round(60 / PERIOD_S) + 2).answer().drained()
    hold_ms = reports[0].fields()["HOLD_MS"]
    assert abs(hold_ms - 60_000) < 1000 * PERIOD_S


@pytest.mark.parametrize("spoken", [True, False])
def test_a_transcript_without_end_is_cut(story, reports, spoken):
    story.say()
    for _ in range(100):
        story.tell(ev.TranscriptHeard("so and so, " * 100, spoken=spoken))
    story.answer().drained()
    (report,) = reports
    words = report.answered if spoken else report.said
    assert words.startswith("so and so, ")
    assert len(words) < 20_000


def test_a_tap_is_no_turn(story, reports):
    story.press().wait(0.1).release().hear(8)
    assert reports == []


def test_a_redelivered_turn_says_so_and_counts_its_audio_once(story, reports):
    story.press().hear(4).tell(ev.LinkLost(None, "cut"), ev.LinkUp())
    story.hear(4).release().hear(2).answer().drained()
    (report,) = reports
    assert report.fields()["REDELIVERED"] == 1
    assert report.sent_s == pytest.approx(8 * PERIOD_S + 0.2, abs=0.001)


def test_a_turn_without_answer_and_a_lost_one_have_their_outcomes(story, reports):
    story.say().tell(ev.AnswerEnded())
    story.drained().wait(3.0).say()
    story.tell(ev.LinkLost(Fault.KEY, "API key not valid"))
    assert [report.outcome for report in reports] == ["not answered", "lost"]


def test_xruns_and_underruns_are_those_of_the_turn(story, reports):
    story.tell(ev.CaptureOverran(story.now), ev.PlaybackUnderran(story.now))
    story.wait(1.0).press().hear(4).tell(ev.CaptureOverran(story.now)).hear(
        4
    ).release().hear(2)
    story.answer().tell(ev.PlaybackUnderran(story.now)).drained()
    (report,) = reports
    assert (report.xruns, report.underruns) == (1, 1)
    assert " with 1 overrun, " in report.line()
    assert report.line().endswith(" with 1 underrun")


def test_what_is_missing_of_the_pre_roll_is_missing_in_the_turn(story, reports):
    story.tell(ev.CaptureOverran(story.now)).wait(1.0)
    story.hear(1).tell(ev.CaptureOverran(story.now))
    story.press().hear(1).tell(ev.CaptureOverran(story.now)).hear(8).release().hear(2)
    story.answer().drained()
    (report,) = reports
    assert report.xruns == 2


def test_two_turns_that_waited_for_the_link_are_told_apart(story, reports):
    story.tell(ev.LinkLost(Fault.NETWORK, "cut"))
    story.say(8).say(4).tell(ev.LinkUp()).wait(1.0)
    story.tell(ev.AnswerInterrupted(), ev.AnswerEnded()).answer().drained()
    assert [(r.turn, r.outcome) for r in reports] == [
        (1, "cut"),
        (2, "answered"),
    ]
    assert reports[0].sent_s > reports[1].sent_s > 0.5


def test_transcripts_are_collected_by_speaker(story, reports):
    story.say().tell(ev.TranscriptHeard("Hel", spoken=False))
    story.tell(ev.TranscriptHeard("lo", spoken=False))
    story.tell(ev.TranscriptHeard("Hi", spoken=True)).answer().drained()
    assert (reports[0].said, reports[0].answered) == ("Hello", "Hi")


def test_what_is_heard_while_somebody_talks_is_said_by_this_turn(story, reports):
    story.say().tell(ev.AnswerAudio(bytes(4800))).press().hear(8)
    story.tell(ev.TranscriptHeard("Wait", spoken=False)).release().hear(2)
    story.tell(ev.AnswerInterrupted(), ev.AnswerEnded()).answer().drained()
    assert [report.said for report in reports] == ["", "Wait"]


def test_what_is_sent_again_is_said_once(story, reports):
    story.press().hear(4).tell(ev.TranscriptHeard("Hel", spoken=False))
    story.tell(ev.LinkLost(None, "cut"), ev.LinkUp()).hear(4).release().hear(2)
    story.tell(ev.TranscriptHeard("Hello", spoken=False)).answer().drained()
    assert reports[0].said == "Hello"


def test_a_stop_ends_the_turn(story, reports):
    story.press().hear(4).tell(ev.StopRequested())
    assert [report.outcome for report in reports] == ["stopped"]


def test_a_stop_while_an_answer_sounds_ends_its_turn_and_tells_its_tokens(
    story, reports
):
    story.say().answer().wait(0.2).tell(ev.StopRequested())
    (report,) = reports
    assert (report.outcome, report.tokens.total_out) == ("stopped", 20)


def test_an_answer_that_goes_on_after_it_was_over_is_told_again(story, reports):
    story.say().tell(ev.AnswerAudio(LOUD), ev.AnswerGenerated()).wait(0.3)
    story.tell(ev.PlaybackStarted(story.now)).drained()
    story.tell(ev.AnswerAudio(2 * LOUD), ev.PlaybackStarted(story.now))
    story.tell(ev.AnswerEnded()).drained()
    first, more = reports
    assert (first.turn, first.outcome, first.answer_s) == (1, "answered", 0.1)
    assert "PRESS_TO_WIRE_MS" not in more.fields()
    assert more.line() == "turn 1 answered: without a press for 0.2 s"


def test_a_hold_that_a_stall_swallows_whole_is_told_all_the_same(story, reports):
    pressed_at = story.press().hear(1).now - PERIOD_S
    story.now += 70
    story.tell(ev.TimePassed()).answer().drained()
    (report,) = reports
    assert (report.turn, report.outcome) == (1, "answered")
    assert report.pressed_at == pressed_at
    assert report.fields()["HOLD_MS"] == round((PERIOD_S + 70) * 1000)


def test_a_press_that_comes_after_its_hold_is_over_has_its_own_instant(story, reports):
    story.hear(round(70 / PERIOD_S))
    story.tell(ev.TalkPressed(story.now - 69))
    (report,) = reports
    assert (report.turn, report.outcome) == (1, "not heard")
    assert report.fields()["HOLD_MS"] == 69_000


def test_what_was_not_measured_is_left_out():
    assert "HOLD_MS" not in Report(1, 1.0).fields()


def test_a_turn_cut_before_its_first_sound_is_told_at_once(story, reports):
    story.say().wait(0.5).tell(ev.AnswerAudio(bytes(960))).press()
    (report,) = reports
    assert (report.outcome, report.cut_ms) == ("cut", None)


@pytest.mark.parametrize("end", [ev.PlaybackDrained(99, 0.0), ev.StopRequested()])
def test_a_turn_cut_when_it_had_just_been_played_out_is_told(story, reports, end):
    story.say().answer().wait(0.2).press().tell(end)
    assert [(report.turn, report.outcome) for report in reports][:1] == [(1, "cut")]


def test_the_reason_of_an_odd_end_is_told(story, reports):
    story.say().tell(
        ev.AnswerAudio(bytes(48_000)), ev.AnswerEnded("MALFORMED")
    ).drained()
    (report,) = reports
    assert report.fields()["REASON"] == "MALFORMED"
    assert report.line().endswith("(MALFORMED)")


@pytest.fixture
def hands_free(reports):
    def look_on(transition):
        reports.extend(transition.reports)

    return Story(look_on, talk=TalkSettings(TalkMode.HANDS_FREE)).press().release()


def test_a_hands_free_stretch_is_told_when_the_microphone_closes(hands_free, reports):
    hands_free.hear(10).press().hear(2)
    (report,) = reports
    assert report.line() == "turn 1 hands-free: listened 1.3 s"


def test_a_hands_free_stretch_counts_what_was_heard_once_over_all_its_links(
    hands_free, reports
):
    hands_free.hear(160).tell(ev.LinkLost(None, "cut")).hear(10).tell(ev.LinkUp())
    hands_free.hear(10).press().hear(2)
    (report,) = reports
    assert report.line() == f"turn 1 hands-free: listened {180 * PERIOD_S:.1f} s"


def test_an_answer_that_was_not_pressed_for_is_told_so(hands_free, reports):
    hands_free.hear(10).answer().wait(1.0).drained()
    (report,) = reports
    assert report.line() == "turn 2 answered: without a press for 1.0 s"


def test_what_is_said_hands_free_is_told_with_its_answer(hands_free, reports):
    hands_free.hear(10).tell(ev.TranscriptHeard("Hello", spoken=False)).answer()
    hands_free.tell(ev.TranscriptHeard("Hi", spoken=True)).wait(1.0).drained()
    hands_free.tell(ev.TranscriptHeard("Bye", spoken=False)).hear(4).answer()
    hands_free.wait(1.0).drained().press().hear(1)
    assert [report.said for report in reports] == ["Hello", "Bye", ""]


def test_how_fast_an_interrupted_answer_fell_silent_is_told(hands_free, reports):
    hands_free.hear(10).tell(ev.AnswerAudio(bytes(48_000)))
    hands_free.tell(ev.PlaybackStarted(hands_free.now), ev.AnswerInterrupted())
    assert reports == []
    hands_free.tell(ev.PlaybackSilenced(hands_free.now + 0.025))
    (report,) = reports
    assert (report.outcome, report.cut_ms) == ("interrupted", 25)


def test_a_turn_that_calls_a_tool_costs_all_that_it_adds_to_the_day(story, reports):
    story.hear(8).say(8).wait(0.5)
    story.tell(ev.ToolCalled("1", "lamp", b"{}"), ev.TokensCounted(Tokens(audio_in=7)))
    story.tell(ev.AnswerEnded(), ev.ToolAnswered("1", b"{}")).answer()
    story.wait(1.0).drained()
    (report,) = reports
    assert report.tokens == story.transitions[-1].after.budget.spent.tokens
    assert report.tokens.total_in == 17


def test_what_the_service_says_of_a_tool_in_the_background_is_a_turn(story, reports):
    story.hear(8).say(8).tell(ev.ToolCalled("1", "timer", b"{}", blocking=False))
    story.answer().wait(1.0).drained()
    story.tell(ev.ToolAnswered("1", b"{}")).wait(0.5).answer().wait(1.0).drained()
    assert [(r.turn, r.outcome) for r in reports] == [
        (1, "answered"),
        (2, "answered"),
    ]
    assert reports[1].line().startswith("turn 2 answered: without a press")


@pytest.mark.parametrize("name", Report.__struct_fields__)
def test_each_thing_that_is_measured_is_reported(name):
    """In a field or in the line."""

    def reported(**measured):
        report = Report(**dict.fromkeys(Report.__struct_fields__, 1) | measured)
        fields = turn_fields(report, Spent(), PricesSection(), transcripts=True)
        kinds = ("answered", "hands-free")
        return fields, [replace(report, outcome=kind).line() for kind in kinds]

    ones, twos = Tokens(*[1] * 5), Tokens(*[2] * 5)
    before, after = (ones, twos) if name == "tokens" else (1, 3)
    rest = {"tokens": ones}
    assert reported(**rest | {name: before}) != reported(**rest | {name: after})
