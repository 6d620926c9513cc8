# SPDX-License-Identifier: MIT
"""The rules of the service, one by one, without a socket."""

import numpy as np
import pytest

from appliance.simulator.live.service import Service
from appliance.simulator.live.sound import resample
from appliance.simulator.scenario import Scenario
from tests.simulator.live_talk import END, SPEECH, START, Talk, audio, setup

INVALID = (1007, "Request contains an invalid argument.")


def test_setup_is_answered_by_setup_complete():
    assert Talk().set_up().messages == [{"setupComplete": {}}]


def test_audio_before_setup_is_refused():
    assert Talk().say(audio()).closed == INVALID


def test_audio_between_setup_and_setup_complete_is_refused():
    assert Talk().say(setup(), audio()).closed == INVALID


def test_a_second_setup_is_refused():
    assert Talk().set_up().say(setup()).closed == INVALID


def test_a_frame_that_is_not_json_is_refused_and_noted():
    talk = Talk().set_up().say("hello")
    assert talk.closed[0] == 1007
    assert talk.lines[-2] == "> garbage"


def test_a_caller_without_key_is_closed_after_its_first_message():
    talk = Talk(key="").say(setup())
    assert talk.closed[0] == 1008
    assert talk.closed[1].startswith("Method doesn't allow unregistered callers")
    assert len(talk.closed[1].encode()) == 123
    assert talk.lines[0] == "> setup"


def test_a_wrong_key_is_closed_after_the_first_message():
    service = Service(Scenario(), api_key="right")
    wrong = Talk(service=service, key="wrong").say(setup())
    assert wrong.closed == (1007, "API key not valid. Please pass a valid API key.")
    assert Talk(service=service, key="right").set_up().closed is None


def test_a_turn_is_answered_with_what_was_heard():
    talk = Talk().set_up().speak().wait(3)
    assert talk.spoken == resample(SPEECH, 16_000, 24_000)
    assert len(talk.spoken) == len(SPEECH) * 3 // 2
    turn = talk.service.turns[0]
    assert (turn.heard, turn.answer, turn.complete) == (SPEECH, talk.spoken, True)
    assert not turn.interrupted


def test_an_answer_ends_with_generation_complete_then_turn_complete_and_usage():
    talk = Talk().set_up().speak().wait(3)
    assert talk.lines[-2:] == ["< generationComplete", "< turnComplete"]
    assert talk.messages[-1]["serverContent"] == {
        "turnComplete": True,
        "interactionStatus": "IDLE",
    }
    assert talk.messages[-1]["usageMetadata"]["promptTokenCount"] == 25
    assert talk.messages[-1]["usageMetadata"]["responseTokenCount"] == 25


def test_usage_counts_the_whole_context():
    talk = Talk().set_up().speak().wait(3).speak().wait(3)
    assert talk.messages[-1]["usageMetadata"]["promptTokenCount"] == 75


def test_an_answer_comes_in_40_ms_messages_faster_than_real_time():
    talk = Talk().set_up().speak().wait(0.31)
    lines = [line for _, line in talk.service.transcript if "< audio" in line]
    assert lines == ["< audio 1920"] * 2 or lines == ["< audio 1920"]
    talk.wait(0.25)
    assert len(talk.spoken) == len(SPEECH) * 3 // 2


def test_turn_complete_waits_until_the_answer_would_have_been_played():
    talk = Talk().set_up().speak().wait(1.25)
    assert talk.lines[-1] == "< generationComplete"
    assert talk.wait(0.1).lines[-1] == "< turnComplete"


def test_the_answer_to_a_turn_comes_after_the_answer_delay():
    talk = Talk(Scenario(answer_delay_ms=700)).set_up().speak().wait(0.69)
    assert talk.spoken == b""
    turn = talk.wait(0.02).service.turns[0]
    assert turn.first_audio_at - turn.closed_at == pytest.approx(0.7)


def test_an_answer_as_fast_as_possible_comes_at_one_instant():
    talk = Talk(Scenario(answer_speed=0)).set_up().speak().wait(0.3)
    assert len(talk.spoken) == len(SPEECH) * 3 // 2


def test_an_empty_window_ends_its_turn_and_closes():
    talk = Talk().set_up().say(START, END)
    assert talk.messages[-1]["usageMetadata"] == {}
    assert talk.messages[-1]["serverContent"]["turnComplete"] is True
    assert talk.closed == (1007, "Precondition check failed.")


def test_text_inside_a_window_is_input():
    talk = Talk().set_up().say(START, {"realtimeInput": {"text": "hello"}}, END).wait(3)
    assert talk.closed is None
    assert len(talk.spoken) > 0
    assert talk.service.turns[0].text == "hello"


def test_text_outside_a_window_is_ignored():
    talk = Talk().set_up().say({"realtimeInput": {"text": "hello"}}).wait(3)
    assert (talk.service.turns, talk.closed) == ([], None)


def test_an_end_without_a_window_closes_1008():
    assert Talk().set_up().say(END).closed[0] == 1008


def test_a_nested_start_is_ignored():
    talk = Talk().set_up().say(START, audio(), START, audio(), END).wait(4)
    assert [turn.heard for turn in talk.service.turns] == [SPEECH * 2]
    assert talk.lines.count("< turnComplete") == 1


def test_a_start_within_250_ms_of_an_end_goes_on_with_the_turn():
    talk = Talk().set_up().speak().wait(0.24).speak().wait(4)
    assert [turn.heard for turn in talk.service.turns] == [SPEECH * 2]
    assert talk.lines.count("< turnComplete") == 1
    assert "< interrupted" not in talk.lines


def test_a_start_within_250_ms_withdraws_an_answer_that_has_begun():
    eager = Scenario(answer_delay_ms=0, answer_speed=1)
    talk = Talk(eager).set_up().speak().wait(0.2)
    assert talk.spoken
    talk.speak().wait(4)
    assert talk.lines.count("< turnComplete") == 1


def test_a_start_250_ms_after_an_end_is_a_turn_of_its_own():
    talk = Talk().set_up().speak().wait(0.251).speak().wait(3)
    assert [turn.heard for turn in talk.service.turns] == [SPEECH] * 2
    assert talk.lines.count("< turnComplete") == 2


def test_audio_outside_a_window_is_discarded_without_a_word():
    talk = Talk().set_up().say(audio(), START, audio(), END, audio()).wait(3)
    assert talk.service.turns[0].heard == SPEECH
    assert talk.closed is None


def test_a_start_during_an_answer_interrupts_it_then_ends_its_turn():
    talk = Talk().set_up().speak().wait(0.4).say(START).wait(0.1)
    assert talk.lines[-3:] == ["> activityStart", "< interrupted", "< turnComplete"]
    assert "< generationComplete" not in talk.lines
    turn = talk.service.turns[0]
    assert (turn.interrupted, turn.complete) == (True, False)
    assert 0 < len(turn.answer) < len(SPEECH) * 3 // 2


def test_audio_that_was_on_its_way_arrives_before_interrupted():
    talk = Talk().set_up().speak().wait(0.4).say(START)
    before = len(talk.spoken)
    talk.wait(0.04)
    assert len(talk.spoken) > before
    talk.wait(0.02)
    stopped = len(talk.spoken)
    assert len(talk.wait(3).spoken) == stopped


def test_an_answer_that_ends_before_the_service_notices_is_not_interrupted():
    talk = Talk().set_up().speak().wait(1.28).say(START).wait(1)
    assert talk.lines[-2:] == ["> activityStart", "< turnComplete"]
    assert talk.service.turns[0].complete


def test_a_start_while_thinking_interrupts_too():
    talk = Talk().set_up().speak().wait(0.26).say(START).wait(0.1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]


def test_a_start_between_generation_and_turn_complete_interrupts():
    talk = Talk().set_up().speak().wait(1.0).say(START).wait(3)
    assert talk.lines[-4:] == [
        "< generationComplete",
        "> activityStart",
        "< interrupted",
        "< turnComplete",
    ]


def test_the_next_turn_is_answered_after_an_interruption():
    talk = Talk().set_up().speak().wait(0.4).speak(SPEECH[:9600]).wait(3)
    assert [turn.complete for turn in talk.service.turns] == [False, True]
    answer = talk.service.turns[1].answer
    assert answer == resample(SPEECH[:9600], 16_000, 24_000)


def test_without_interruption_the_new_turn_waits_for_the_old_answer():
    handling = {
        "automaticActivityDetection": {"disabled": True},
        "activityHandling": "NO_INTERRUPTION",
    }
    talk = Talk().set_up(realtimeInputConfig=handling).speak().wait(0.4).speak().wait(5)
    assert "< interrupted" not in talk.lines
    assert [turn.complete for turn in talk.service.turns] == [True, True]


def test_a_turn_that_waits_for_its_answer_can_be_gone_on_with():
    handling = {
        "automaticActivityDetection": {"disabled": True},
        "activityHandling": "NO_INTERRUPTION",
    }
    talk = Talk().set_up(realtimeInputConfig=handling).speak().wait(0.4).speak()
    talk.wait(0.1).speak().wait(20)
    assert [turn.heard for turn in talk.service.turns] == [SPEECH, SPEECH * 2]
    assert talk.lines.count("< turnComplete") == 2


@pytest.mark.parametrize("message", [START, END])
def test_explicit_activity_is_refused_while_detection_is_automatic(message):
    talk = Talk().set_up(realtimeInputConfig={}).say(message)
    assert talk.closed == (
        1007,
        "Explicit activity control is not supported when automatic activity detection "
        "is enabled.",
    )


def test_audio_stream_end_is_ignored_where_turns_are_marked():
    stop = {"realtimeInput": {"audioStreamEnd": True}}
    talk = Talk().set_up().say(START, audio(), stop).wait(3)
    assert (talk.service.turns[0].closed_at, talk.closed) == (None, None)


def test_media_chunks_are_refused():
    old = {"realtime_input": {"media_chunks": [{"data": "", "mime_type": "audio/pcm"}]}}
    assert Talk().set_up().say(old).closed == (
        1007,
        "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
    )


def test_audio_of_another_rate_is_heard_at_16_khz():
    talk = Talk().set_up().say(START, audio(bytes(9600), "audio/pcm;rate=48000"), END)
    assert talk.service.turns[0].heard == bytes(3200)


def test_audio_without_a_rate_is_taken_as_16_khz():
    talk = Talk().set_up().say(START, audio(SPEECH, "audio/pcm"))
    assert talk.service.turns[0].heard == SPEECH


@pytest.mark.parametrize("mime_type", ["audio/mp3", "", "audio/pcm;rate=fast"])
def test_other_kinds_of_audio_are_refused(mime_type):
    assert Talk().set_up().say(START, audio(SPEECH, mime_type)).closed == INVALID


def test_transcriptions_come_only_if_asked_for():
    assert not [c for c in Talk().set_up().speak().wait(3).content if "Trans" in str(c)]
    asked = Talk().set_up(inputAudioTranscription={}, outputAudioTranscription={})
    asked.speak().wait(3)
    assert "text" in asked.content[0]["inputTranscription"]
    together = asked.content[1]
    assert {"modelTurn", "outputTranscription"} == set(together)


def test_client_content_is_answered_and_interrupts():
    turns = [{"role": "user", "parts": [{"text": "hi"}]}]
    content = {"clientContent": {"turns": turns, "turnComplete": True}}
    talk = Talk().set_up().speak().wait(0.4).say(content).wait(4)
    assert "< interrupted" in talk.lines
    assert [turn.complete for turn in talk.service.turns] == [False, True]
    assert talk.service.turns[1].answer


def test_client_content_that_is_not_complete_only_interrupts():
    more = {"clientContent": {"turns": [{"parts": [{"text": "and"}]}]}}
    talk = Talk().set_up().speak().wait(0.4).say(more).wait(4)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    assert len(talk.service.turns) == 1


def test_bare_turn_complete_has_no_effect():
    talk = Talk().set_up().say({"client_content": {"turn_complete": True}}).wait(3)
    assert (talk.service.turns, talk.closed) == ([], None)


def test_seeded_history_is_absorbed_without_an_answer():
    seed = {"turns": [{"parts": [{"text": "earlier"}]}], "turnComplete": True}
    talk = Talk().set_up(historyConfig={"initialHistoryInClientContent": True})
    assert talk.say({"clientContent": seed}).wait(3).service.turns == []
    assert talk.say({"clientContent": seed}).wait(3).service.turns[0].complete


def test_a_context_update_is_accepted():
    update = {"contextUpdate": {"systemInstruction": {"parts": [{"text": "be brief"}]}}}
    assert Talk().set_up().say(update).wait(1).closed is None


def handles(talk):
    updates = [m.get("sessionResumptionUpdate") for m in talk.messages]
    return [update for update in updates if update is not None]


def test_handles_come_after_setup_and_each_turn_but_not_while_generating():
    talk = Talk().set_up(sessionResumption={}).speak().wait(3)
    first, during, after = handles(talk)
    assert first["resumable"] is True
    assert during == {}
    assert after["newHandle"] != first["newHandle"]


def test_no_handle_unless_asked_for():
    assert handles(Talk().set_up().speak().wait(3)) == []


def test_a_handle_resumes_once_the_old_link_is_closed():
    old = Talk().set_up(sessionResumption={})
    handle = handles(old)[0]["newHandle"]
    early = Talk(service=old.service).set_up(sessionResumption={"handle": handle})
    assert early.closed == (1011, "Internal error encountered.")
    old.session.lost("> lost")
    new = Talk(service=old.service).set_up(sessionResumption={"handle": handle})
    assert new.messages[0] == {"setupComplete": {}}


def test_an_unknown_handle_is_refused():
    talk = Talk().set_up(sessionResumption={"handle": "gone"})
    assert talk.closed == (1008, "BidiGenerateContent session not found")


def test_go_away_comes_after_540_s_and_the_close_50_s_later():
    talk = Talk().set_up().wait(541)
    assert talk.messages[-1] == {"goAway": {"timeLeft": "50s"}}
    assert talk.closed is None
    code, reason = talk.wait(50).closed
    assert code == 1008
    assert "failed to close the connection after receiving a GoAway" in reason
    assert len(reason) == 123


def test_nothing_is_said_after_a_close():
    talk = Talk().set_up().speak().wait(0.4).say(setup())
    count = len(talk.actions)
    assert len(talk.speak().wait(5).actions) == count


def test_a_deaf_session_hears_but_does_not_answer():
    talk = Talk(Scenario(answer="none")).set_up(inputAudioTranscription={}).speak()
    assert [set(c) for c in talk.wait(60).content] == [{"inputTranscription"}]


def test_a_silent_service_ends_turns_without_audio():
    talk = Talk(Scenario(answer="silent")).set_up().speak().wait(3)
    assert talk.lines[-1] == "< turnComplete"
    assert (talk.spoken, talk.service.turns[0].complete) == (b"", True)


def test_resampling_keeps_every_other_sample_where_it_was():
    heard = np.frombuffer(SPEECH, "<i2")
    answer = np.frombuffer(resample(SPEECH, 16_000, 24_000), "<i2")
    assert np.array_equal(answer[::3], heard[::2])
