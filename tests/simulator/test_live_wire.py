# SPDX-License-Identifier: MIT
"""Frames are read as strictly as the service reads them, and refused in its words."""

import base64
import json

import msgspec
import pytest

from appliance.simulator.live import wire
from appliance.simulator.live.fields import Blob
from appliance.simulator.live.proto import encode
from appliance.simulator.live.setup import VOICES, check_setup
from appliance.simulator.live.wire import Refusal
from tests.simulator.live_talk import audio, setup


def read(message):
    return wire.read_message(wire.read_json(json.dumps(message)))


def refusal(message):
    with pytest.raises(Refusal) as caught:
        read(message)
    return caught.value.code, caught.value.reason


def refused_setup(version="v1beta", **fields):
    with pytest.raises(Refusal) as caught:
        check_setup(read(setup(**fields)).setup, version)
    return caught.value.code, caught.value.reason


def test_camel_and_snake_case_are_the_same():
    camel = {"realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}}}
    snake = {
        "realtime_input_config": {"automatic_activity_detection": {"disabled": True}}
    }
    mixed = {"realtimeInputConfig": {"automatic_activity_detection": {"disabled": 1}}}
    assert read({"setup": camel}) == read({"setup": snake}) == read({"setup": mixed})


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            setup(responseModalities=["AUDIO"]),
            "Unknown name \"responseModalities\" at 'setup': Cannot find field.",
        ),
        (
            setup(response_modalities=["AUDIO"]),
            "Unknown name \"response_modalities\" at 'setup': Cannot find field.",
        ),
        (
            setup(proactivity={"proactiveAudio": True}),
            "Unknown name \"proactivity\" at 'setup': Cannot find field.",
        ),
        (
            setup(generationConfig={"enableAffectiveDialog": True}),
            "Unknown name \"enableAffectiveDialog\" at 'setup.generation_config': ",
        ),
        (
            setup(sessionResumption={"transparent": True}),
            "Unknown name \"transparent\" at 'setup.session_resumption': Cannot find",
        ),
        (
            setup(tools=[{"functions": []}]),
            "Unknown name \"functions\" at 'setup.tools[0]': Cannot find field.",
        ),
        ({"audio": {}}, 'Unknown name "audio": Cannot find field.'),
        (
            {"realtimeInput": {"activity": {}}},
            "Unknown name \"activity\" at 'realtime_input': Cannot find field.",
        ),
        (
            {"realtimeInput": {"activityStart": {"now": True}}},
            "Unknown name \"now\" at 'realtime_input.activity_start': Cannot find",
        ),
        (
            {"clientContent": {"turns": [{"text": "x"}]}},
            "Unknown name \"text\" at 'client_content.turns[0]': Cannot find field.",
        ),
    ],
)
def test_an_unknown_field_is_refused_by_name_and_place(message, reason):
    code, said = refusal(message)
    assert code == 1007
    assert said.startswith("Invalid JSON payload received. " + reason[:90])


def test_a_reason_is_cut_at_123_bytes():
    long = "ä" * 100
    said = refusal(setup(**{long: 1}))[1]
    assert len(said.encode()) <= 123
    assert "ä" in said


@pytest.mark.parametrize(
    "fields",
    [
        {"realtimeInputConfig": {"activityHandling": "INTERRUPTS"}},
        {"realtimeInputConfig": {"turnCoverage": "turn_includes_only_activity"}},
        {"generationConfig": {"responseModalities": ["audio"]}},
        {"generationConfig": {"responseModalities": "AUDIO"}},
        {"generationConfig": {"temperature": "hot"}},
        {"systemInstruction": "be brief"},
        {"tools": {"googleSearch": {}}},
        {"model": 38},
        {"realtimeInputConfig": {"turnCoverage": "ALL"}},
        {
            "realtimeInputConfig": {
                "automaticActivityDetection": {"startOfSpeechSensitivity": "HIGH"}
            }
        },
        {
            "realtimeInputConfig": {
                "automaticActivityDetection": {"endOfSpeechSensitivity": "high"}
            }
        },
        {"realtimeInputConfig": {"automaticActivityDetection": {"disabled": "no"}}},
        {
            "realtimeInputConfig": {
                "automaticActivityDetection": {"silenceDurationMs": 2**31}
            }
        },
    ],
)
def test_a_wrong_value_is_refused(fields):
    code, said = refusal(setup(**fields))
    assert (code, said[:16]) == (1007, "Invalid value at")


def test_the_keys_of_free_form_objects_are_left_alone():
    schema = {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}
    tool = {"function_declarations": [{"name": "f", "parameters": schema}]}
    function = read(setup(tools=[tool])).setup.tools[0].function_declarations[0]
    assert list(function.parameters.properties) == ["a_b"]
    response = {"id": "1", "name": "f", "response": {"a_b": None}}
    said = read({"tool_response": {"function_responses": [response]}})
    assert said.tool_response.function_responses[0].response == {"a_b": None}


def test_numbers_may_be_strings_and_nulls_are_absent():
    compression = {"triggerTokens": "25600", "slidingWindow": None}
    read_back = read(setup(contextWindowCompression=compression, tools=None)).setup
    assert read_back.context_window_compression.trigger_tokens == 25_600
    assert read_back.context_window_compression.sliding_window is None


@pytest.mark.parametrize("frame", ["{", "", "hello", "[]", "3", b'{"setup":{}}'])
def test_a_frame_that_is_not_a_json_object_in_text_is_refused(frame):
    with pytest.raises(Refusal) as caught:
        wire.read_json(frame)
    assert caught.value.code == 1007


@pytest.mark.parametrize(
    "message",
    [
        {},
        {**setup(), **audio()},
        {"realtimeInput": {}},
        {"realtimeInput": {"activityStart": {}, "activityEnd": {}}},
    ],
)
def test_a_message_has_exactly_one_payload(message):
    assert refusal(message) == (1007, "Request contains an invalid argument.")


@pytest.mark.parametrize(
    "pcm", [b"\xff\xfe\xfd\xfb", b"\xff\xfe\xfd", b"\xfb\xff", b""]
)
def test_base64_may_be_standard_or_url_safe_padded_or_not(pcm):
    for encoded in (base64.b64encode(pcm), base64.urlsafe_b64encode(pcm)):
        for text in (encoded.decode(), encoded.decode().rstrip("=")):
            blob = Blob(data=text, mime_type="audio/pcm;rate=16000")
            assert wire.pcm_of(blob) == (pcm, 16_000)


@pytest.mark.parametrize("text", ["*", "abcde", "a b="])
def test_wrong_base64_is_refused(text):
    with pytest.raises(Refusal, match="TYPE_BYTES"):
        wire.pcm_of(Blob(data=text, mime_type="audio/pcm;rate=16000"))


def test_a_full_setup_for_the_appliance_is_accepted():
    speech = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    full = setup(
        generationConfig={"responseModalities": ["AUDIO"], "speechConfig": speech},
        systemInstruction={"parts": [{"text": "Answer aloud."}]},
        realtimeInputConfig={
            "automaticActivityDetection": {"disabled": True},
            "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
            "turnCoverage": "TURN_INCLUDES_ONLY_ACTIVITY",
        },
        inputAudioTranscription={},
        outputAudioTranscription={},
        contextWindowCompression={"slidingWindow": {}},
        sessionResumption={},
    )
    check_setup(read(full).setup, "v1beta")


def test_an_unknown_model_is_refused_with_the_version_asked():
    code, said = refused_setup(model="models/gemini-2.0-flash-exp", version="v1alpha")
    assert code == 1008
    assert said.startswith(
        "models/gemini-2.0-flash-exp is not found for API version v1alpha, or is not "
        "supported for bidiGenerateContent."
    )


@pytest.mark.parametrize(
    ("generation", "reason"),
    [
        ({"thinkingConfig": {"thinkingLevel": "LOW"}}, "Thinking level is not support"),
        ({"thinkingConfig": {}}, "Thinking level is not supported for this model."),
        ({"responseModalities": ["TEXT"]}, "Cannot extract voices from a non-audio"),
        ({"responseModalities": ["AUDIO", "TEXT"]}, "Cannot extract voices"),
        ({"speechConfig": {"languageCode": "de-DE"}}, "Unsupported language code 'de"),
        (
            {
                "speechConfig": {
                    "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "K"}}
                }
            },
            "Requested voice api_name 'K' is not available",
        ),
    ],
)
def test_what_the_model_does_not_support_is_refused(generation, reason):
    code, said = refused_setup(generationConfig=generation)
    assert (code, said[: len(reason)]) == (1007, reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"prefixPaddingMs": -1},
        {"prefixPaddingMs": 10_001},
        {"silenceDurationMs": -1},
        {"silenceDurationMs": 10_001},
    ],
)
def test_lengths_that_make_no_sense_are_refused(fields):
    config = {"automaticActivityDetection": fields}
    refused = refused_setup(realtimeInputConfig=config)
    assert refused == (1007, "Request contains an invalid argument.")


@pytest.mark.parametrize(
    "compression",
    [
        {"triggerTokens": 0, "slidingWindow": {}},
        {"slidingWindow": {"targetTokens": -1}},
        {"triggerTokens": "8000", "slidingWindow": {"targetTokens": "8000"}},
    ],
)
def test_a_compression_that_makes_no_sense_is_refused(compression):
    refused = refused_setup(contextWindowCompression=compression)
    assert refused == (1007, "Request contains an invalid argument.")


def test_the_models_of_2025_are_only_for_those_who_speak_its_recipe():
    for model in ("models/gemini-2.0-flash-exp", "models/gemini-3.8-live"):
        check_setup(read(setup(model=model)).setup, "v1beta", "2025")
    with pytest.raises(Refusal, match="is not found"):
        check_setup(read(setup(model="models/gemini-1")).setup, "v1beta", "2025")


def test_there_are_thirty_voices():
    assert len(VOICES) == 30


def test_audio_travels_as_base64_with_its_rate():
    message = wire.content(modelTurn=wire.spoken(b"\1\2\3\4"))
    decoded = msgspec.json.decode(encode(message))
    inline = decoded["serverContent"]["modelTurn"]["parts"][0]["inlineData"]
    assert inline == {"mimeType": "audio/pcm;rate=24000", "data": "AQIDBA=="}


@pytest.mark.parametrize(
    ("seconds", "text"), [(50, "50s"), (1.5, "1.5s"), (0, "0s"), (600, "600s")]
)
def test_time_left_is_a_duration_string(seconds, text):
    assert wire.go_away(seconds) == {"goAway": {"timeLeft": text}}


def test_the_transcript_shows_sizes_instead_of_audio():
    plain = wire.without_audio(audio(bytes(4096)))
    assert plain["realtimeInput"]["audio"]["data"] == 4096
    assert list(wire.client_lines(plain)) == ["> audio 4096"]
    answer = wire.content(modelTurn=wire.spoken(bytes(1920)), interrupted=True)
    assert list(wire.server_lines(answer)) == ["< audio 1920", "< interrupted"]
    assert list(wire.server_lines(wire.go_away(50))) == ["< goAway 50s"]
    assert list(wire.client_lines(setup())) == ["> setup"]


@pytest.mark.parametrize("levels", [100, 400, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_bottomless_nesting_is_refused(levels, opening, closing):
    with pytest.raises(Refusal) as caught:
        wire.read_json('{"setup":' + opening * levels + "1" + closing * levels + "}")
    assert caught.value.code == 1007


def test_a_text_that_is_no_unicode_is_refused():
    with pytest.raises(Refusal):
        wire.read_json('{"setup":"\ud800"}')


@pytest.mark.parametrize("rate", ["1" * 5000, "٩٩٩٩", "7999", "96001", ""])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(Refusal):
        wire.pcm_of(Blob("AAA=", f"audio/pcm;rate={rate}"))


def test_base64_that_is_not_ascii_is_refused():
    with pytest.raises(Refusal, match="TYPE_BYTES"):
        wire.pcm_of(Blob("ÄÄ", "audio/pcm"))


def test_an_unknown_field_that_looks_like_a_path_is_refused_by_name():
    name = "a - at `$.b`"
    said = refusal(setup(**{name: 1}))[1]
    assert f"Unknown name \"{name}\" at 'setup'" in said


@pytest.mark.parametrize("thinking", [None, {}, {"thinkingLevel": "MINIMAL"}])
def test_a_model_that_thinks_at_length_wants_to_be_told_how_much(thinking):
    generation = {"thinkingConfig": thinking} if thinking is not None else {}
    code, said = refused_setup(
        model="models/gemini-3.8-live-extended-thinking", generationConfig=generation
    )
    assert (code, "thinking level is not supported" in said) == (1007, True)
