# SPDX-License-Identifier: MIT
"""The model calls tools; the answer waits for the blocking ones, and no other."""

import pytest

from appliance.simulator.live.sound import babble, resample
from appliance.simulator.scenario import Call, Interrupt, Scenario
from tests.simulator.live_talk import END, SPEECH, START, Talk, audio

INVALID = (1007, "Request contains an invalid argument.")
ABORTED = (1008, "The operation was aborted.")
ANSWER = resample(SPEECH, 16_000, 24_000)
LOUDER = Call("set_volume", {"percent": 80}, turn=1)
TIMER = Call("start_timer", {"minutes": 5}, turn=1)
TOOLS = [
    {"functionDeclarations": [{"name": "set_volume", "behavior": "BLOCKING"}]},
    {"functionDeclarations": [{"name": "start_timer"}]},
]


def set_up(*calls, setup=None, **scenario):
    wanted = Scenario(calls=calls, **scenario)
    return Talk(wanted).set_up(**{"tools": TOOLS} | (setup or {}))


def response(talk, number=1, json=None, **fields):
    call = talk.service.calls[number - 1]
    said = {"id": call.id, "name": call.name, "response": json or {"result": "ok"}}
    return {"toolResponse": {"functionResponses": [said | fields]}}


def calls(talk):
    return [m["toolCall"]["functionCalls"] for m in talk.messages if "toolCall" in m]


def cancelled(talk):
    key = "toolCallCancellation"
    return [m[key]["ids"] for m in talk.messages if key in m]


def test_the_first_turn_of_each_conversation_makes_the_call_of_turn_1():
    first = set_up(TIMER).speak().wait(3).speak().wait(3)
    assert len(calls(first)) == 1
    second = Talk(service=first.service).set_up(tools=TOOLS).speak().wait(3)
    assert len(calls(second)) == 1


def test_a_resumed_conversation_goes_on_counting_its_turns():
    resumable = {"sessionResumption": {}}
    first = set_up(TIMER, Call("set_volume", turn=2), setup=resumable).speak().wait(1)
    first.say(response(first)).wait(3)
    updates = [m.get("sessionResumptionUpdate", {}) for m in first.messages]
    handle = [u["newHandle"] for u in updates if u.get("resumable")][-1]
    first.session.lost("gone")
    first.service.close_link(first.session.link)
    second = Talk(service=first.service)
    second.set_up(tools=TOOLS, sessionResumption={"handle": handle}).speak().wait(3)
    assert [call["name"] for made in calls(second) for call in made] == ["set_volume"]


def test_a_blocking_call_comes_before_the_answer_which_waits_for_the_response():
    talk = set_up(LOUDER).speak().wait(60)
    assert talk.spoken == b""
    assert calls(talk) == [
        [{"id": "function-call-1", "name": "set_volume", "args": {"percent": 80}}]
    ]
    talk.say(response(talk, json={"was_before": {"a_b": None}})).wait(3)
    assert talk.spoken == ANSWER
    assert talk.lines[-5:] == [
        "> activityEnd",
        "< toolCall",
        "> toolResponse",
        "< generationComplete",
        "< turnComplete",
    ]


def test_the_record_has_the_call_and_the_json_of_its_response():
    talk = set_up(LOUDER).speak().wait(1)
    (call,) = talk.service.calls
    assert (call.name, call.args, call.turn) == ("set_volume", {"percent": 80}, 1)
    assert (call.blocking, call.pending, call.response) == (True, True, None)
    talk.say(response(talk, json={"a_b": [1, {"c": None}]}))
    assert call.response == {"a_b": [1, {"c": None}]}
    assert (call.pending, call.answered_at, call.remark) == (False, talk.now, None)


def test_a_call_that_does_not_block_lets_the_answer_go_on():
    talk = set_up(TIMER).speak().wait(3)
    assert talk.spoken == ANSWER
    assert talk.lines[-3:] == ["< toolCall", "< generationComplete", "< turnComplete"]
    assert talk.service.calls[0].pending


def test_the_service_speaks_up_when_a_late_response_comes():
    talk = set_up(TIMER, setup={"outputAudioTranscription": {}}).speak().wait(300)
    talk.say(response(talk, json={"rang": True})).wait(3)
    remark = talk.service.calls[0].remark
    assert talk.spoken == ANSWER + babble()
    assert (remark.number, remark.complete, remark.answer) == (0, True, babble())
    assert talk.content[-3]["modelTurn"]
    assert [set(c) for c in talk.content[-2:]] == [
        {"generationComplete"},
        {"turnComplete", "interactionStatus"},
    ]
    key = "outputTranscription"
    said = [c[key]["text"] for c in talk.content if key in c]
    assert said == [" 1.0 seconds of speech.", 'start_timer {"rang":true}']
    assert len(talk.service.turns) == 1


def test_nobody_is_transcribed_when_the_service_speaks_up():
    talk = set_up(TIMER, setup={"inputAudioTranscription": {}}).speak().wait(3)
    talk.say(response(talk)).wait(3)
    assert talk.lines.count("< inputTranscription") == 1
    assert talk.lines.count("< turnComplete") == 2


@pytest.mark.parametrize("scheduling", ["WHEN_IDLE", "SCHEDULING_UNSPECIFIED", None])
def test_a_response_during_the_answer_waits_until_it_is_over(scheduling):
    talk = set_up(TIMER).speak().wait(0.4)
    talk.say(response(talk, scheduling=scheduling)).wait(5)
    assert talk.spoken == ANSWER + babble()
    assert "< interrupted" not in talk.lines
    assert talk.lines.count("< turnComplete") == 2


def test_a_response_may_interrupt_the_answer():
    talk = set_up(TIMER).speak().wait(0.4)
    talk.say(response(talk, scheduling="INTERRUPT"))
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    before = talk.spoken
    assert talk.wait(3).spoken == before + babble()
    assert talk.service.turns[0].interrupted
    assert cancelled(talk) == []


def test_an_interrupting_response_while_idle_interrupts_nothing():
    talk = set_up(TIMER).speak().wait(5)
    talk.say(response(talk, scheduling="INTERRUPT")).wait(3)
    assert talk.spoken == ANSWER + babble()
    assert "< interrupted" not in talk.lines


def test_a_silent_response_is_not_spoken_about_but_counts():
    talk = set_up(TIMER).speak().wait(5)
    talk.say(response(talk, json={"x": "y" * 400}, scheduling="SILENT")).wait(5)
    assert talk.spoken == ANSWER
    assert talk.lines[-1] == "> toolResponse"
    counts = talk.speak().wait(3).messages[-1]["usageMetadata"]["promptTokensDetails"]
    assert next(c["tokenCount"] for c in counts if c["modality"] == "TEXT") > 100


def test_the_service_does_not_speak_up_while_the_user_talks():
    talk = set_up(TIMER).speak().wait(5).say(START, audio())
    talk.say(response(talk)).wait(5)
    assert talk.spoken == ANSWER
    talk.say(END).wait(10)
    assert talk.spoken == ANSWER * 2 + babble()
    assert [turn.complete for turn in talk.service.turns] == [True, True]


def test_the_service_can_be_interrupted_when_it_speaks_up():
    talk = set_up(TIMER).speak().wait(5)
    talk.say(response(talk)).wait(0.4).say(START).wait(0.1)
    assert talk.lines[-2:] == ["< interrupted", "< turnComplete"]
    assert talk.service.calls[0].remark.interrupted


def test_a_tool_may_respond_several_times():
    talk = set_up(TIMER).speak().wait(5)
    talk.say(response(talk, json={"left": 3}, willContinue=True)).wait(5)
    assert talk.service.calls[0].pending
    talk.say(response(talk, json={"left": 0})).wait(5)
    assert talk.spoken == ANSWER + babble() * 2
    assert talk.service.calls[0].response == {"left": 0}
    assert talk.say(response(talk)).wait(5).spoken == ANSWER + babble() * 2


def test_calls_of_one_turn_come_in_one_message_and_all_that_block_are_waited_for():
    twice = (LOUDER, TIMER, LOUDER)
    talk = set_up(*twice).speak().wait(1)
    assert [[call["name"] for call in made] for made in calls(talk)] == [
        ["set_volume", "start_timer", "set_volume"]
    ]
    assert talk.say(response(talk, 1)).wait(3).spoken == b""
    assert talk.say(response(talk, 3)).wait(3).spoken == ANSWER
    assert talk.say(response(talk, 2)).wait(3).spoken == ANSWER + babble()


def test_responses_may_come_in_one_message_too():
    talk = set_up(LOUDER, TIMER).speak().wait(1)
    both = [
        response(talk, number)["toolResponse"]["functionResponses"][0]
        for number in (1, 2)
    ]
    talk.say({"toolResponse": {"functionResponses": both}}).wait(5)
    assert talk.spoken == ANSWER + babble()


def test_a_call_is_made_in_its_turn_only():
    talk = set_up(Call("start_timer", turn=2))
    assert calls(talk.speak().wait(3)) == []
    assert len(calls(talk.speak().wait(3))) == 1
    assert len(calls(talk.speak().wait(3))) == 1


def test_a_call_without_a_turn_is_made_in_each_but_not_when_speaking_up():
    talk = set_up(Call("start_timer"))
    for number in (1, 2):
        talk.speak().wait(3).say(response(talk, number)).wait(3)
    assert [call.turn for call in talk.service.calls] == [1, 2]


def test_a_name_nobody_declared_is_called_all_the_same_and_does_not_block():
    talk = set_up(Call("make_coffee")).speak().wait(3)
    assert talk.service.calls[0].name == "make_coffee"
    assert talk.spoken == ANSWER


def test_tools_that_were_replaced_are_called_as_the_new_ones_are():
    tools = {"tools": [{"functionDeclarations": [{"name": "set_volume"}]}]}
    talk = set_up(LOUDER).say({"contextUpdate": {"tools": tools}}).speak().wait(3)
    assert not talk.service.calls[0].blocking
    assert talk.spoken == ANSWER


def test_an_interruption_cancels_what_is_pending_then_ends_the_turn():
    talk = set_up(LOUDER, TIMER).speak().wait(1).say(START, audio()).wait(0.1)
    assert cancelled(talk) == [["function-call-1", "function-call-2"]]
    assert talk.lines[-3:] == [
        "< toolCallCancellation",
        "< interrupted",
        "< turnComplete",
    ]
    assert [call.cancelled for call in talk.service.calls] == [True, True]
    talk.say(END).wait(3)
    assert talk.service.turns[1].complete


def test_a_response_to_a_cancelled_call_comes_too_late_and_is_dropped():
    talk = set_up(LOUDER).speak().wait(1).say(START, audio()).wait(0.1)
    talk.say(response(talk), END).wait(3)
    assert (talk.closed, talk.service.calls[0].response) == (None, None)


def test_an_interruption_spares_the_calls_of_earlier_turns_and_those_answered():
    talk = set_up(TIMER, Call("set_volume", turn=2)).speak().wait(3).speak().wait(1)
    talk.say(response(talk, 2)).wait(0.5).say(START).wait(0.1)
    assert "< interrupted" in talk.lines
    assert cancelled(talk) == []
    assert talk.service.calls[0].pending


def test_a_spurious_interruption_cancels_as_well():
    talk = set_up(TIMER, faults=(Interrupt(at="mid_answer"),)).speak().wait(3)
    assert cancelled(talk) == [["function-call-1"]]


def test_a_turn_that_is_gone_on_with_calls_anew():
    talk = set_up(LOUDER, answer_delay_ms=0).speak().wait(0.1).speak().wait(3)
    assert cancelled(talk) == [["function-call-1"]]
    talk.say(response(talk, 2)).wait(5)
    assert [turn.heard for turn in talk.service.turns] == [SPEECH * 2]
    assert talk.service.turns[0].complete


def test_an_interrupting_response_does_not_end_a_turn_that_waits_for_another():
    talk = set_up(TIMER, Call("set_volume", turn=2)).speak().wait(3).speak().wait(1)
    talk.say(response(talk, 1, scheduling="INTERRUPT")).wait(3)
    assert "< interrupted" not in talk.lines
    talk.say(response(talk, 2)).wait(5)
    assert talk.spoken == ANSWER * 2 + babble()


VAD = {"realtimeInputConfig": {}}


def test_audio_while_a_blocking_call_is_pending_is_the_end_of_the_link():
    talk = set_up(LOUDER, setup=VAD).say(audio(SPEECH + bytes(25_600))).wait(0.4)
    assert len(talk.service.calls) == 1
    assert talk.say(audio(bytes(4096))).wait(1.1).closed is None  # it was on its way
    assert talk.say(audio(bytes(4096))).closed == ABORTED


def test_audio_outside_a_window_is_no_better():
    talk = set_up(LOUDER).speak().wait(2).say(audio())
    assert talk.closed == ABORTED


def test_audio_is_welcome_again_once_the_response_has_come():
    talk = set_up(LOUDER, setup=VAD).say(audio(SPEECH + bytes(25_600))).wait(3)
    talk.say(response(talk), audio(bytes(4096))).wait(3)
    assert talk.closed is None
    assert talk.service.turns[0].complete


def test_audio_while_another_call_is_pending_is_welcome():
    talk = set_up(TIMER, setup=VAD).say(audio(SPEECH + bytes(25_600))).wait(3)
    assert talk.say(audio(SPEECH + bytes(25_600))).wait(3).closed is None
    assert [turn.complete for turn in talk.service.turns] == [True, True]


def test_a_window_may_open_while_a_blocking_call_is_pending_for_that_interrupts():
    talk = set_up(LOUDER).speak().wait(2).say(START, audio(), END).wait(3)
    assert talk.closed is None
    assert talk.service.turns[1].complete


def test_audio_in_a_window_that_interrupts_nothing_is_the_end_of_the_link():
    handling = {
        "automaticActivityDetection": {"disabled": True},
        "activityHandling": "NO_INTERRUPTION",
    }
    talk = set_up(LOUDER, setup={"realtimeInputConfig": handling}).speak().wait(2)
    assert talk.say(START, audio()).closed == ABORTED


@pytest.mark.parametrize(
    ("said", "closed"),
    [
        ({"id": ""}, INVALID),
        ({"id": None}, INVALID),
        ({"id": "function-call-2"}, (1008, "Requested entity was not found.")),
        ({"name": "start_timer"}, INVALID),
        ({"name": ""}, INVALID),
        ({"response": None}, INVALID),
    ],
)
def test_a_response_to_no_call_is_refused(said, closed):
    talk = set_up(LOUDER).speak().wait(1)
    assert talk.say(response(talk, **said)).closed == closed


@pytest.mark.parametrize(
    "said",
    [
        {"response": "ok"},
        {"response": ["ok"]},
        {"response": 1},
        {"scheduling": "INTERRUPTED"},
        {"scheduling": "when_idle"},
        {"output": "ok"},
        {"willContinue": "perhaps"},
    ],
)
def test_a_response_of_the_wrong_shape_is_refused(said):
    talk = set_up(LOUDER).speak().wait(1)
    assert talk.say(response(talk, **said)).closed[0] == 1007


def test_a_tool_response_without_responses_is_refused():
    assert set_up().say({"toolResponse": {}}).closed == INVALID


def test_a_response_is_of_the_link_that_was_asked():
    old = set_up(LOUDER).speak().wait(1)
    old.session.lost("> lost")
    new = Talk(service=old.service).set_up(tools=TOOLS)
    assert new.say(response(old)).closed == (1008, "Requested entity was not found.")


def updates(talk):
    key = "sessionResumptionUpdate"
    return [m[key].get("resumable", False) for m in talk.messages if key in m]


def test_there_is_no_handle_while_a_call_is_pending():
    talk = set_up(TIMER, setup={"sessionResumption": {}}).speak().wait(3)
    assert updates(talk) == [True, False, False]
    talk.say(response(talk)).wait(3)
    assert updates(talk) == [True, False, False, False, True]


def test_a_silent_response_makes_a_session_resumable_again():
    talk = set_up(TIMER, setup={"sessionResumption": {}}).speak().wait(3)
    talk.say(response(talk, scheduling="SILENT"))
    assert updates(talk) == [True, False, False, True]


@pytest.mark.parametrize("answer", ["none", "silent"])
def test_a_service_that_says_nothing_calls_all_the_same(answer):
    talk = set_up(LOUDER, answer=answer).speak().wait(1)
    talk.say(response(talk)).wait(3)
    assert talk.spoken == b""
    assert talk.service.turns[0].complete == (answer == "silent")
