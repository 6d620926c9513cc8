# SPDX-License-Identifier: MIT
"""What a turn costs: the whole context, by modality, and what was answered."""

from appliance.simulator.live.fields import (
    ContextWindowCompression,
    Setup,
    SlidingWindow,
)
from appliance.simulator.live.usage import Context
from appliance.simulator.scenario import Scenario
from tests.simulator.live_talk import Talk


def bill(talk):
    """Of the newest turn: tokens of the prompt, and of the response."""
    usage = [m["usageMetadata"] for m in talk.messages if "usageMetadata" in m][-1]
    prompt, response = (
        {each["modality"]: each["tokenCount"] for each in usage[f"{kind}TokensDetails"]}
        for kind in ("prompt", "response")
    )
    assert sum(prompt.values()) == usage["promptTokenCount"]
    assert sum(response.values()) == usage["responseTokenCount"]
    both = usage["promptTokenCount"] + usage["responseTokenCount"]
    assert both == usage["totalTokenCount"]
    return prompt, response


def test_each_turn_is_billed_with_all_that_was_said_before():
    talk = Talk().set_up()
    for turn in range(4):
        talk.speak().wait(3)
        assert bill(talk) == ({"AUDIO": 25 + turn * 50}, {"AUDIO": 25})


def test_instructions_and_tools_are_text_that_is_billed_each_turn():
    instruction = {"parts": [{"text": "x" * 400}]}
    tool = {"functionDeclarations": [{"name": "f", "description": "y" * 400}]}
    plain = Talk().set_up(systemInstruction=instruction).speak().wait(3)
    assert 100 <= bill(plain)[0]["TEXT"] < 120
    both = Talk().set_up(systemInstruction=instruction, tools=[tool]).speak().wait(3)
    assert 200 <= bill(both)[0]["TEXT"] < 250
    assert bill(both.speak().wait(3))[0]["TEXT"] == bill(both)[0]["TEXT"]


def test_an_update_of_the_instructions_replaces_them():
    long, short = ({"parts": [{"text": "x" * n}]} for n in (400, 40))
    talk = Talk().set_up(systemInstruction=long)
    talk.say({"contextUpdate": {"systemInstruction": short}}).speak().wait(3)
    assert bill(talk)[0]["TEXT"] < 30


def test_transcripts_are_billed_as_text_if_they_were_asked_for():
    talk = Talk().set_up(outputAudioTranscription={}).speak().wait(3)
    assert bill(talk)[1] == {"AUDIO": 25, "TEXT": 6}


def test_what_is_written_is_text():
    turns = [{"parts": [{"text": "z" * 80}]}]
    content = {"clientContent": {"turns": turns, "turnComplete": True}}
    talk = Talk().set_up().say(content).wait(3)
    assert bill(talk)[0] == {"TEXT": 20}


def test_what_is_written_beforehand_is_billed_with_the_first_turn():
    content = {"turns": [{"parts": [{"text": "z" * 80}]}], "turnComplete": True}
    talk = Talk().set_up(historyConfig={"initialHistoryInClientContent": True})
    talk.say({"clientContent": content}).speak().wait(3)
    assert bill(talk)[0] == {"AUDIO": 25, "TEXT": 20}


def test_an_interrupted_answer_is_billed_as_far_as_it_came():
    talk = Talk().set_up().speak().wait(0.4).speak().wait(0.1)
    prompt, response = bill(talk)
    assert prompt == {"AUDIO": 25}
    assert 0 < response["AUDIO"] < 25


def test_a_resumed_session_goes_on_with_its_context():
    old = Talk().set_up(sessionResumption={}).speak().wait(3)
    update = [m for m in old.messages if "sessionResumptionUpdate" in m][-1]
    handle = update["sessionResumptionUpdate"]["newHandle"]
    old.session.lost("> lost")
    new = Talk(service=old.service).set_up(sessionResumption={"handle": handle})
    assert bill(new.speak().wait(3))[0] == {"AUDIO": 75}
    fresh = Talk(service=old.service).set_up().speak().wait(3)
    assert bill(fresh)[0] == {"AUDIO": 25}


def test_an_older_handle_resumes_with_what_was_said_until_then():
    old = Talk().set_up(sessionResumption={}).speak().wait(3)
    handle = old.messages[1]["sessionResumptionUpdate"]["newHandle"]
    old.session.lost("> lost")
    new = Talk(service=old.service).set_up(sessionResumption={"handle": handle})
    assert bill(new.speak().wait(3))[0] == {"AUDIO": 25}


def test_compression_forgets_down_to_the_target():
    window = {"triggerTokens": 100, "slidingWindow": {"targetTokens": 40}}
    talk = Talk().set_up(contextWindowCompression=window)
    counts = [bill(talk.speak().wait(3))[0]["AUDIO"] for _ in range(6)]
    assert counts == [25, 75, 125, 65, 115, 65]


def test_without_a_target_half_the_trigger_is_kept_and_without_a_window_all():
    context = Context()
    context.hear(400)
    context.compress(Setup())
    nothing = ContextWindowCompression(trigger_tokens=100)
    context.compress(Setup(context_window_compression=nothing))
    assert context.answer(0, "")["promptTokenCount"] == 10_000
    half = ContextWindowCompression(trigger_tokens=100, sliding_window=SlidingWindow())
    context.compress(Setup(context_window_compression=half))
    assert context.answer(0, "")["promptTokenCount"] == 50


def test_instructions_are_never_forgotten():
    context = Context()
    context.instruct("x" * 4000)
    window = ContextWindowCompression(100, SlidingWindow(40))
    context.compress(Setup(context_window_compression=window))
    context.hear(4)
    context.compress(Setup(context_window_compression=window))
    assert context.answer(0, "")["promptTokenCount"] == 1001


def test_transcript_and_usage_may_come_after_the_end_of_the_turn():
    talk = Talk(Scenario(late_words=True))
    talk.set_up(outputAudioTranscription={}).speak().wait(3)
    said = [m for m in talk.messages if "sessionResumptionUpdate" not in m]
    end, words, usage = said[-3:]
    assert end["serverContent"]["turnComplete"]
    assert "usageMetadata" not in end
    assert set(words["serverContent"]) == {"outputTranscription"}
    assert set(usage) == {"usageMetadata"}
    assert bill(talk)[1]["AUDIO"] == 25
