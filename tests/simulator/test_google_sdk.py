# SPDX-License-Identifier: MIT
"""Google's own SDK holds a conversation with the simulator, over TLS.

What the SDK cannot talk to is a bug in the simulator. The SDK must be installed:
without it these tests fail.
"""

import ssl

import pytest
from google import genai
from google.genai import errors, types

from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.sound import resample
from appliance.simulator.scenario import Call, Scenario
from tests.rig.certificates import certificate
from tests.rig.waiting import in_loop
from tests.simulator.live_talk import SPEECH

MODEL = "gemini-3.8-live"
ANSWER = resample(SPEECH, 16_000, 24_000)
# An answer that has come is proof of the gap below which two activities are one turn.
QUICK = {"answer_delay_ms": 260, "waits_for_playback": False}


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """A simulator over TLS that the SDK's default settings trust."""
    cert, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.setenv("NO_PROXY", "localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, key)

    def serve(scenario=None, **options):
        wanted = scenario or Scenario(**QUICK)
        return LiveServer(wanted, host="localhost", tls=tls, **options)

    return serve


def dial(server, api_key="any-key", model=MODEL, **config):
    base_url = "https" + server.url.removeprefix("wss").partition("/ws/")[0]
    options = {"base_url": base_url, "api_version": "v1beta"}
    client = genai.Client(api_key=api_key, http_options=options)
    detection = types.AutomaticActivityDetection(disabled=True)
    manual = types.RealtimeInputConfig(automatic_activity_detection=detection)
    wanted = {"response_modalities": ["AUDIO"], "realtime_input_config": manual}
    return client.aio.live.connect(
        model=model, config=types.LiveConnectConfig(**(wanted | config))
    )


async def speak(session, pcm=SPEECH):
    await session.send_realtime_input(activity_start=types.ActivityStart())
    for start in range(0, len(pcm), 4096):
        blob = types.Blob(
            data=pcm[start : start + 4096], mime_type="audio/pcm;rate=16000"
        )
        await session.send_realtime_input(audio=blob)
    await session.send_realtime_input(activity_end=types.ActivityEnd())


async def answer(session):
    """The messages of one turn."""
    return [message async for message in session.receive()]


def audio_of(messages):
    return b"".join(message.data or b"" for message in messages)


@in_loop
async def test_the_sdk_hears_what_it_said(serve):
    async with serve() as server, dial(server) as session:
        await speak(session)
        messages = await answer(session)
        assert audio_of(messages) == ANSWER
        assert messages[-1].server_content.turn_complete
        assert messages[-1].usage_metadata.total_token_count == 50
        assert server.turns[0].heard == SPEECH


@in_loop
async def test_the_sdk_talks_for_several_turns(serve):
    async with serve() as server, dial(server) as session:
        for number in (1, 2, 3):
            await speak(session, SPEECH[: 6400 * number])
            assert len(audio_of(await answer(session))) == 9600 * number
        assert [turn.complete for turn in server.turns] == [True] * 3


@in_loop
async def test_the_sdk_accepts_a_setup_with_everything_the_appliance_sends(serve):
    voice = types.PrebuiltVoiceConfig(voice_name="Kore")
    config = {
        "speech_config": types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=voice)
        ),
        "system_instruction": "Answer aloud.",
        "input_audio_transcription": types.AudioTranscriptionConfig(),
        "output_audio_transcription": types.AudioTranscriptionConfig(),
        "context_window_compression": types.ContextWindowCompressionConfig(
            trigger_tokens=25_600, sliding_window=types.SlidingWindow()
        ),
        "session_resumption": types.SessionResumptionConfig(),
        "tools": [{"google_search": {}}],
    }
    async with serve() as server, dial(server, **config) as session:
        await speak(session)
        messages = await answer(session)
        contents = [m.server_content for m in messages if m.server_content]
        assert any(content.input_transcription for content in contents)
        assert any(content.output_transcription for content in contents)
        assert audio_of(messages) == ANSWER


@in_loop
async def test_the_sdk_interrupts(serve):
    slow = Scenario(**QUICK, answer_speed=0.2)
    async with serve(slow) as server, dial(server) as session:
        await speak(session)
        await server.wait_for(lambda s: s.turns and s.turns[0].first_audio_at)
        await speak(session, SPEECH[:3200])
        old = [message.server_content for message in await answer(session)]
        assert [content.interrupted for content in old][-2:] == [True, None]
        assert not any(content.generation_complete for content in old)
        assert len(audio_of(await answer(session))) == 4800
        assert [turn.interrupted for turn in server.turns] == [True, False]


@in_loop
async def test_the_sdk_writes_instead_of_talking(serve):
    async with serve() as server, dial(server) as session:
        await session.send_client_content(
            turns={"role": "user", "parts": [{"text": "hello"}]}, turn_complete=True
        )
        assert audio_of(await answer(session))
        await session.send_realtime_input(activity_start=types.ActivityStart())
        await session.send_realtime_input(text="hello again")
        await session.send_realtime_input(activity_end=types.ActivityEnd())
        assert audio_of(await answer(session))
        assert [turn.text for turn in server.turns] == ["hello", "hello again"]


DETECTION = types.AutomaticActivityDetection(
    start_of_speech_sensitivity=types.StartSensitivity.START_SENSITIVITY_HIGH,
    end_of_speech_sensitivity=types.EndSensitivity.END_SENSITIVITY_LOW,
    prefix_padding_ms=40,
    silence_duration_ms=200,
)
AUTOMATIC = types.RealtimeInputConfig(
    automatic_activity_detection=DETECTION,
    activity_handling=types.ActivityHandling.START_OF_ACTIVITY_INTERRUPTS,
    turn_coverage=types.TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY,
)


async def stream(session, *pieces):
    for pcm in pieces:
        blob = types.Blob(data=pcm, mime_type="audio/pcm;rate=16000")
        await session.send_realtime_input(audio=blob)


@in_loop
async def test_the_sdk_lets_the_service_detect_speech(serve):
    async with (
        serve() as server,
        dial(server, realtime_input_config=AUTOMATIC) as session,
    ):
        for _ in range(2):
            await stream(session, bytes(3200), SPEECH, bytes(6400))
            heard = bytes(1280) + SPEECH
            assert audio_of(await answer(session)) == resample(heard, 16_000, 24_000)
        assert [turn.heard for turn in server.turns] == [heard] * 2


@in_loop
async def test_the_sdk_interrupts_by_speaking(serve):
    slow = Scenario(**QUICK, answer_speed=0.2)
    async with (
        serve(slow) as server,
        dial(server, realtime_input_config=AUTOMATIC) as session,
    ):
        await stream(session, SPEECH, bytes(6400))
        await server.wait_for(lambda s: s.turns and s.turns[0].first_audio_at)
        await stream(session, SPEECH[:6400])
        old = [message.server_content for message in await answer(session)]
        assert [content.interrupted for content in old][-2:] == [True, None]
        await session.send_realtime_input(audio_stream_end=True)
        await answer(session)
        assert server.turns[1].heard == bytes(1280) + SPEECH[:6400]
        assert [turn.interrupted for turn in server.turns] == [True, False]


@in_loop
async def test_the_sdk_may_not_mark_turns_that_are_detected(serve):
    async with (
        serve() as server,
        dial(server, realtime_input_config=AUTOMATIC) as session,
    ):
        await session.send_realtime_input(activity_start=types.ActivityStart())
        with pytest.raises(errors.APIError, match="Explicit activity control"):
            await answer(session)


def tools(behavior):
    percent = types.Schema(type=types.Type.INTEGER, minimum=0, maximum=100)
    function = types.FunctionDeclaration(
        name="set_volume",
        description="How loud answers are.",
        parameters=types.Schema(
            type=types.Type.OBJECT,
            properties={"percent": percent},
            required=["percent"],
        ),
        behavior=behavior,
    )
    declared = types.Tool(function_declarations=[function])
    return [declared, types.Tool(google_search=types.GoogleSearch())]


async def respond(session, call, response, **options):
    said = types.FunctionResponse(
        id=call.id, name=call.name, response=response, **options
    )
    await session.send_tool_response(function_responses=said)


CALLS = Scenario(**QUICK, calls=(Call("set_volume", {"percent": 30}, turn=1),))


@in_loop
async def test_the_sdk_answers_a_call_that_blocks(serve):
    config = {"tools": tools(types.Behavior.BLOCKING)}
    async with serve(CALLS) as server, dial(server, **config) as session:
        await speak(session)
        messages = []
        async for message in session.receive():
            messages.append(message)
            if message.tool_call:
                assert audio_of(messages) == b""
                (call,) = message.tool_call.function_calls
                assert (call.name, call.args) == ("set_volume", {"percent": 30})
                await respond(session, call, {"result": "ok", "was_before": 50})
        assert audio_of(messages) == ANSWER
        assert server.calls[0].response == {"result": "ok", "was_before": 50}
        usage = messages[-1].usage_metadata
        spent = {d.modality.value: d.token_count for d in usage.prompt_tokens_details}
        assert spent["AUDIO"] == 25
        assert spent["TEXT"] > 20
        assert sum(spent.values()) == usage.prompt_token_count


@in_loop
async def test_the_sdk_answers_a_call_late_and_the_service_speaks_up(serve):
    config = {"tools": tools(types.Behavior.NON_BLOCKING)}
    async with serve(CALLS) as server, dial(server, **config) as session:
        await speak(session)
        messages = await answer(session)
        assert audio_of(messages) == ANSWER
        (call,) = next(m for m in messages if m.tool_call).tool_call.function_calls
        when_idle = types.FunctionResponseScheduling.WHEN_IDLE
        await respond(session, call, {"rang": True}, scheduling=when_idle)
        remark = audio_of(await answer(session))
        assert remark == server.calls[0].remark.answer != b""
        assert len(server.turns) == 1


@in_loop
async def test_the_sdk_is_told_which_calls_its_interruption_cancels(serve):
    config = {"tools": tools(types.Behavior.BLOCKING)}
    async with serve(CALLS) as server, dial(server, **config) as session:
        await speak(session)
        await server.wait_for(lambda s: s.calls)
        await speak(session, SPEECH[:6400])
        old = await answer(session)
        (cancelled,) = [
            message.tool_call_cancellation
            for message in old
            if message.tool_call_cancellation
        ]
        assert cancelled.ids == [server.calls[0].id]
        assert len(audio_of(await answer(session))) == 9600


@in_loop
async def test_the_sdk_is_refused_when_it_answers_a_call_that_was_none(serve):
    async with serve() as server, dial(server) as session:
        nobodys = types.FunctionCall(id="function-call-9", name="set_volume")
        await respond(session, nobodys, {"result": "ok"})
        with pytest.raises(errors.APIError, match="Requested entity was not found"):
            await answer(session)


@in_loop
async def test_the_sdk_sends_everything_else_it_can(serve):
    async with serve() as server, dial(server) as session:
        await session.send_realtime_input(audio_stream_end=True)
        await session.send_realtime_input(
            video=types.Blob(data=b"\xff\xd8", mime_type="image/jpeg")
        )
        await session.send_context_update(system_instruction="Be brief.")
        await speak(session)
        assert audio_of(await answer(session)) == ANSWER


@in_loop
async def test_the_sdk_resumes_with_a_handle_after_a_go_away(serve):
    resumption = types.SessionResumptionConfig
    async with serve(Scenario(**QUICK, go_away_after_s=0)) as server:
        handle = left = None
        async with dial(server, session_resumption=resumption()) as session:
            async for message in session.receive():
                if message.session_resumption_update:
                    handle = message.session_resumption_update.new_handle
                if message.go_away:
                    left = message.go_away.time_left
                    break
        assert left == "50s"
        await server.wait_for(lambda server: server.open_links == 0)
        async with dial(server, session_resumption=resumption(handle=handle)) as again:
            await speak(again)
            assert audio_of(await answer(again)) == ANSWER


@pytest.mark.parametrize(
    ("wrong", "code", "reason"),
    [
        ({"api_key": "wrong"}, 1007, "API key not valid"),
        ({"model": "gemini-2.0-flash-exp"}, 1008, "models/gemini-2.0-flash-exp is not"),
        ({"session_resumption": {"handle": "gone"}}, 1008, "session not found"),
        ({"thinking_config": {"thinking_level": "LOW"}}, 1007, "Thinking level is not"),
        ({"response_modalities": ["TEXT"]}, 1007, "Cannot extract voices"),
        ({"enable_affective_dialog": True}, 1007, 'Unknown name "enableAffectiveDia'),
    ],
)
@in_loop
async def test_the_sdk_is_told_why_it_is_refused(serve, wrong, code, reason):
    async with serve(api_key="right") as server:
        with pytest.raises(errors.APIError, match=reason) as caught:
            async with dial(server, **({"api_key": "right"} | wrong)):
                pass
        assert caught.value.code == code


@in_loop
async def test_the_sdk_is_refused_when_it_speaks_out_of_turn(serve):
    async with serve() as server, dial(server) as session:
        await session.send_realtime_input(activity_start=types.ActivityStart())
        await session.send_realtime_input(activity_end=types.ActivityEnd())
        ended = await answer(session)
        assert ended[-1].server_content.turn_complete
        with pytest.raises(errors.APIError, match="Precondition check failed"):
            await answer(session)


@in_loop
async def test_the_sdk_lists_the_models(serve):
    async with serve() as server:
        base_url = "https" + server.url.removeprefix("wss").partition("/ws/")[0]
        options = {"base_url": base_url, "api_version": "v1beta"}
        client = genai.Client(api_key="any-key", http_options=options)
        found = [model async for model in await client.aio.models.list()]
        await client.aio.aclose()
    names = [m.name for m in found if "bidiGenerateContent" in m.supported_actions]
    assert names == [f"models/{MODEL}", f"models/{MODEL}-extended-thinking"]
