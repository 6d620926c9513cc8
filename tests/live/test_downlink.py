# SPDX-License-Identifier: MIT
"""The wire, frame by frame: against golden transcripts, noise, and the official SDK."""

import base64
import json
import random
from pathlib import Path
from typing import get_args

import pytest
from google.genai import types

from appliance.core import events as ev
from appliance.core.effects import CloseTurn
from appliance.core.tokens import Tokens
from appliance.live import downlink, uplink

ACTIVITY = uplink.DIALECTS["activity"]
GOLDEN = Path(__file__).parents[1] / "golden"
TALKS = ("turn.jsonl", "barge_in.jsonl", "resumption.jsonl")


def lines(name, kind):
    """The lines of a transcript that go one way; each is one test."""
    text = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [
        pytest.param(line, id=f"{name}:{number}")
        for number, line in enumerate(map(json.loads, text), 1)
        if kind in line
    ]


SENT = [line for name in TALKS for line in lines(name, "sent")]
RECEIVED = [line for name in TALKS for line in lines(name, "received")]
ODD = lines("odd_frames.jsonl", "received")


def as_ordered(line):
    """The frame that the codec makes of what a line of a transcript orders."""
    match line:
        case {"setup": settings, "handle": handle}:
            return uplink.setup(uplink.Settings(**settings), handle)
        case {"audio": pcm}:
            return ACTIVITY.audio(bytes.fromhex(pcm))
        case {"say": "ACTIVITY_START"}:
            return ACTIVITY.opening
        case {"say": "ACTIVITY_END"}:
            return ACTIVITY.closing


@pytest.mark.parametrize("line", SENT)
def test_what_is_sent_is_what_the_transcript_says(line):
    assert json.loads(as_ordered(line)) == line["sent"]


def test_the_recipe_of_2025_is_sent_byte_for_byte_as_the_page_sends_it():
    recipe = uplink.DIALECTS["client-content"]
    content = b'{"client_content":{"turns":[{"role":"user","parts":[]}],'
    assert uplink.encode(CloseTurn(1), recipe) == content + b'"turn_complete":true}}'
    assert recipe.go_on == content + b'"turn_complete":false}}'


@pytest.mark.parametrize("line", SENT)
def test_the_official_sdk_knows_every_field_that_is_sent(line):
    message = json.loads(as_ordered(line))
    # The SDK sends realtimeInputConfig, but its typed setup does not have it.
    turns = message.get("setup", {}).pop("realtimeInputConfig", {})
    assert types.LiveClientMessage.model_config["extra"] == "forbid"
    types.LiveClientMessage.model_validate(message)
    types.RealtimeInputConfig.model_validate(turns)


def test_the_official_sdk_reads_the_audio_that_is_sent():
    message = types.LiveClientMessage.model_validate_json(
        ACTIVITY.audio(b"\x01\x00\xff")
    )
    assert message.realtime_input.audio.data == b"\x01\x00\xff"
    assert message.realtime_input.audio.mime_type == "audio/pcm;rate=16000"


@pytest.mark.parametrize("line", RECEIVED)
def test_the_transcripts_are_frames_that_the_official_sdk_knows(line):
    frame = json.loads(json.dumps(line["received"]))
    frame.get("setupComplete", {}).pop("sessionId", None)
    types.LiveServerMessage.model_validate(frame)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("line", RECEIVED + ODD)
def test_what_is_received_means_what_the_transcript_says(line, as_text):
    text = json.dumps(line["received"])
    messages, complaints = downlink.decode(text if as_text else text.encode())
    assert [repr(message) for message in messages] == line["means"]
    # After the colon the JSON library has its own words.
    heads = [complaint.partition(": ")[0] for complaint in complaints]
    assert heads == line.get("complaints", [])


def test_a_complaint_says_what_is_wrong():
    _, complaints = downlink.decode(
        b'{"serverContent":{"modelTurn":{"parts":[{"inlineData":'
        b'{"mimeType":"audio/pcm;rate=8000","data":"AAA="}}]}}}'
    )
    assert complaints == [
        "malformed field 'serverContent.modelTurn.parts[0]': "
        "'audio/pcm;rate=8000' is not audio/pcm;rate=24000"
    ]


def test_no_complaint_grows_with_what_it_is_about():
    mime = "x" * 100_000
    part = {"inlineData": {"mimeType": mime, "data": ""}}
    frame = {"y" * 100_000: 1, "serverContent": {"modelTurn": {"parts": [part]}}}
    _, complaints = downlink.decode(json.dumps(frame))
    assert len(complaints) == 2
    assert all(len(complaint) < 200 for complaint in complaints)


def test_a_field_that_is_no_unicode_is_complained_of_and_the_rest_counts():
    frame = b'{"goAway":{"timeLeft":"\xff"},"serverContent":{"turnComplete":true}}'
    messages, complaints = downlink.decode(frame)
    assert messages == [ev.AnswerEnded()]
    assert [text.partition(": ")[0] for text in complaints] == [
        "malformed field 'goAway'"
    ]


def test_the_last_of_two_fields_of_one_name_counts():
    frame = b'{"goAway":{"timeLeft":"9s"},"goAway":{"timeLeft":"7s"}}'
    assert downlink.decode(frame) == ([downlink.GoAway(7.0)], [])


def test_tokens_are_told_by_modality_and_what_is_left_is_audio():
    usage = {
        "promptTokenCount": 100,
        "toolUsePromptTokenCount": 7,
        "responseTokenCount": 50,
        "thoughtsTokenCount": 9,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 20},
            {"modality": "IMAGE", "tokenCount": 3},
            {"modality": "VIDEO", "tokenCount": 2},
            {"modality": 77, "tokenCount": 5},
            {"tokenCount": 1},
        ],
        "responseTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
    }
    messages, complaints = downlink.decode(json.dumps({"usageMetadata": usage}))
    assert messages == [ev.TokensCounted(Tokens(27, 75, 5, 19, 40))]
    assert complaints == []


def test_details_that_do_not_add_up_make_no_tokens_of_nothing():
    text = [{"modality": "TEXT", "tokenCount": 500}]
    usage = {"promptTokenCount": 100, "promptTokensDetails": text}
    usage |= {"responseTokenCount": 5, "responseTokensDetails": text}
    messages, _ = downlink.decode(json.dumps({"usageMetadata": usage}))
    assert messages == [ev.TokensCounted(Tokens(text_in=100, text_out=5))]


def test_a_large_answer_arrives_whole():
    pcm = random.Random(1).randbytes(3_000_001)
    data = base64.b64encode(pcm).decode()
    part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}}
    frame = json.dumps({"serverContent": {"modelTurn": {"parts": [part]}}})
    assert downlink.decode(frame.encode()) == ([ev.AnswerAudio(pcm)], [])


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00\xff this is not JSON",
        b"null",
        b"true",
        b"12",
        b'"setupComplete"',
        b"[]",
        b'[{"setupComplete":{}}]',
        b"{",
        b'{"setupComplete":{}',
        b'{"setupComplete":{}}}',
        b"{'setupComplete':{}}",
        b'{"setupComplete":{},}',
        b'{"\xff":1}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "",
        "nonsense",
        '{"a":"\ud800"}',
    ],
)
def test_what_is_no_json_object_is_refused(frame):
    with pytest.raises(downlink.NotJson, match="^a frame that is not a JSON object$"):
        downlink.decode(frame)


@pytest.mark.parametrize("field", ["setupComplete", "serverContent", "novelty"])
def test_bottomless_nesting_is_refused_and_not_fatal(field):
    depth = 200_000
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        deep = opening * depth + b"1" + closing * depth
        with pytest.raises(downlink.NotJson):
            downlink.decode(b'{"%s":%s}' % (field.encode(), deep))


@pytest.mark.parametrize(
    "frame",
    [
        b'{"serverContent":{"modelTurn":{"parts":[%s0]}}}' % (b"0," * 20_000),
        b"{%s}" % b",".join(b'"%d":0' % number for number in range(20_000)),
        '{"novelty":[' + "0," * 20_000 + "0]}",
    ],
)
def test_a_frame_of_endless_values_is_refused_before_it_costs_memory(frame):
    with pytest.raises(downlink.NotJson, match="^a frame with too many values$"):
        downlink.decode(frame)


@pytest.mark.parametrize(
    "content",
    [
        {"outputTranscription": {"text": "x" * 100_000}},
        {"turnCompleteReason": "X" * 100},
        {"turnCompleteReason": "TWO\nLINES"},
    ],
)
def test_a_text_that_no_service_says_is_complained_of(content):
    messages, [complaint] = downlink.decode(json.dumps({"serverContent": content}))
    assert messages == []
    assert complaint.startswith("malformed field 'serverContent.")
    assert len(complaint) < 200


def test_nesting_that_can_be_read_is_no_reason_to_refuse_the_rest():
    deep = b"[" * 50 + b"]" * 50
    frame = b'{"novelty":%s,"serverContent":{"turnComplete":true}}' % deep
    assert downlink.decode(frame) == ([ev.AnswerEnded()], ["unknown field 'novelty'"])


FRAMES = [line.values[0]["received"] for line in RECEIVED + ODD]


def values(json_value):
    """The value itself, and every value in it."""
    yield json_value
    inner = json_value.values() if isinstance(json_value, dict) else json_value
    if isinstance(json_value, dict | list):
        for value in inner:
            yield from values(value)


POOL = [value for frame in FRAMES for value in values(frame)]
POOL += [10**4000, 1e300, -0.0, 1e-300, "\0", "x" * 5000]


def shuffled(json_value, dice):
    """The same value, with others of the transcripts in odd places."""
    if dice.random() < 0.1:
        return dice.choice(POOL)
    match json_value:
        case dict():
            return {name: shuffled(value, dice) for name, value in json_value.items()}
        case list():
            return [shuffled(value, dice) for value in json_value]
        case _:
            return json_value


def test_whatever_a_json_object_says_it_is_read():
    seed = random.randrange(2**32)
    print("seed:", seed)
    dice = random.Random(seed)
    meant, complained = set(), set()
    for _ in range(10_000):
        frame = dice.choice(FRAMES) | dice.choice(FRAMES)
        text = json.dumps({name: shuffled(frame[name], dice) for name in frame})
        messages, complaints = downlink.decode(text)
        meant.update(map(type, messages))
        complained.update(complaints)
        assert all(isinstance(complaint, str) for complaint in complaints), text
    assert meant < set(get_args(downlink.Message))
    assert len(meant) >= 8, "this noise says too little"
    assert len(complained) > 50, "this noise is too clean"
