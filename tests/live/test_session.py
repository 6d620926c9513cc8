# SPDX-License-Identifier: MIT
"""One WebSocket, from the handshake to its end, against real servers."""

import json
import logging
import time

from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ
from appliance.core import events as ev
from appliance.core.effects import CloseTurn, OpenTurn
from appliance.core.signals import Fault
from appliance.live import session, uplink
from appliance.live.uplink import DIALECTS
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.sound import resample
from appliance.simulator.scenario import (
    Garbage,
    GoAway,
    Interrupt,
    Oversized,
    Scenario,
    SilentTurn,
    UnknownFields,
)
from tests.live.loopback import (
    KEY,
    QUICK,
    SETTINGS,
    SPEECH,
    UP,
    Line,
    Rude,
    accept,
    on_loop,
    peer,
)


@on_loop
async def test_a_link_is_opened_set_up_and_up():
    async with LiveServer(QUICK, api_key=KEY) as server, Line(server.url) as line:
        assert await line.heard(ev.LinkUp) == ev.LinkUp(resumed=False)
        assert line.kinds == ["LinkOpening", "LinkUp"]
        assert server.wire(1)[0] == "> setup"
        setup = json.loads(uplink.setup(SETTINGS, None))
        assert server.client_messages(1) == [setup]


@on_loop
async def test_the_key_is_in_the_header_and_nowhere_else(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    asked = []

    async def talk(socket):
        asked.append((socket.request, await accept(socket)))
        await socket.send(b"garbage")

    async with peer(talk) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        await line.heard(ev.LinkUp, times=2)
        said = repr(line.link) + repr(vars(line.link))
    request, setup = asked[0]
    assert request.path == "/live"
    assert [value for _, value in request.headers.raw_items() if KEY in value] == [KEY]
    assert request.headers["x-goog-api-key"] == KEY
    captured = capfd.readouterr()
    for text in (str(setup), lost.reason, said, caplog.text, captured.err):
        assert KEY not in text


@on_loop
async def test_a_link_without_a_key_says_so_and_is_not_tried_again():
    async with LiveServer(QUICK) as server, Line(server.url, key=None) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.KEY
        assert lost.reason.startswith("1008 Method doesn't allow unregistered callers")


@on_loop
async def test_the_handle_may_come_in_one_frame_with_the_set_up():
    handles = []
    first = b'{"sessionResumptionUpdate":{"newHandle":"h-1","resumable":true},%s'

    async def talk(socket):
        setup = await accept(socket, first % UP[1:])
        handles.append(setup["sessionResumption"])
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.LinkUp)
        line.link.renew(unresponsive=False)
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
    assert handles == [{}, {"handle": "h-1"}]


@on_loop
async def test_what_comes_before_the_set_up_is_no_set_up():
    async def talk(socket):
        early = b'{"serverContent":{"inputTranscription":{"text":"early"}}}'
        await accept(socket, b'{"goAway":{}}', early, b'{"novelty":1}', UP, UP)
        await socket.send(b'{"setupComplete":{},"serverContent":{"turnComplete":true}}')
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.AnswerEnded)
        assert line.kinds == [
            "LinkOpening",
            "LinkExpiring",
            "TranscriptHeard",
            "LinkUp",
            "AnswerEnded",
        ]
        assert len(line.all(ev.LinkUp)) == 1


@on_loop
async def test_frames_may_be_text_too():
    async def talk(socket):
        await accept(socket, UP.decode())
        await socket.send('{"serverContent":{"outputTranscription":{"text":"Grüß"}}}')
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.TranscriptHeard)
        assert line.said[-1] == ev.TranscriptHeard("Grüß", spoken=True)


@on_loop
async def test_frames_are_sent_in_the_order_in_which_they_were_ordered():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        pieces = [bytes([index]) * 4096 for index in range(100)]
        line.say(*pieces)
        await line.heard(ev.AnswerEnded)
        assert server.turns[0].heard == b"".join(pieces)
        kinds = [text for text in server.wire(1) if text.startswith(">")]
        audio = ["> audio 4096"] * 100
        assert kinds == ["> setup", "> activityStart", *audio, "> activityEnd"]


@on_loop
async def test_frames_are_text():
    got = []

    async def talk(socket):
        await accept(socket)
        async for frame in socket:
            got.append(frame)

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.LinkUp)
        line.say(SPEECH)
        line.link.close()
        await line.link.closed()
    said = DIALECTS["activity"]
    assert got == [
        frame.decode() for frame in (said.opening, said.audio(SPEECH), said.closing)
    ]


@on_loop
async def test_what_is_ordered_before_the_link_is_up_is_dropped():
    async with Rude() as rude, Line(rude.url) as line:
        line.link.send(CloseTurn(1))
        await line.heard(ev.LinkOpening)
        line.link.send(CloseTurn(1))
        await line.heard(ev.LinkUp)
        line.link.send(OpenTurn(1))
        await rude.until(lambda rude: len(rude.frames) > 1)
        assert rude.frames[1:] == [DIALECTS["activity"].opening.decode()]


@on_loop
async def test_an_answer_arrives_whole_and_in_order():
    settings = uplink.Settings(
        SETTINGS.model, "Puck", "", turn_coverage="", transcripts=True
    )
    async with (
        LiveServer(QUICK) as server,
        Line(server.url, settings=settings) as line,
    ):
        await line.heard(ev.LinkUp)
        line.say(SPEECH)
        await line.heard(ev.AnswerEnded)
        answer = b"".join(event.pcm for event in line.all(ev.AnswerAudio))
        assert answer == resample(SPEECH, CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ)
        heard, spoken = line.all(ev.TranscriptHeard)
        assert (heard.spoken, spoken.spoken) == (False, True)
        assert line.kinds[-3:] == ["AnswerGenerated", "TokensCounted", "AnswerEnded"]


@on_loop
async def test_an_interruption_and_a_silent_turn_are_told():
    silent = Scenario(
        setup_delay_ms=0,
        answer_delay_ms=0,
        faults=(SilentTurn(at="turn_closed"),),
    )
    async with LiveServer(silent) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        assert not line.all(ev.AnswerAudio)
        await server.inject(Interrupt())
        await line.heard(ev.AnswerEnded, times=2)
        assert "AnswerInterrupted" in line.kinds


@on_loop
async def test_an_answer_in_two_turns_is_told_as_one_that_pauses():
    thinks = Scenario(setup_delay_ms=0, answer_delay_ms=0, thinking_ms=10)
    async with LiveServer(thinks) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        heard = [kind for kind in line.kinds if kind.startswith("Answer")]
        assert heard == [
            *("AnswerAudio", "AnswerGenerated", "AnswerPaused", "AnswerProgressed"),
            *("AnswerAudio", "AnswerGenerated", "AnswerEnded"),
        ]


@on_loop
async def test_a_go_away_says_until_when_with_a_margin():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        before = time.monotonic()
        await server.inject(GoAway(time_left_s=50.0))
        expiring = await line.heard(ev.LinkExpiring)
        assert before + 45 <= expiring.by <= time.monotonic() + 45


@on_loop
async def test_a_go_away_that_leaves_no_time_is_now():
    async def talk(socket):
        await accept(socket, UP, b'{"goAway":{"timeLeft":"-9s"}}')
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        before = time.monotonic()
        expiring = await line.heard(ev.LinkExpiring)
        assert before <= expiring.by <= time.monotonic()


@on_loop
async def test_a_link_that_lives_long_is_to_be_renewed_before_it_is_cut(monkeypatch):
    assert session.LIFETIME_S < session._CUT_AFTER_S < 600
    monkeypatch.setattr(session, "LIFETIME_S", 0.0)
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        before = time.monotonic()
        expiring = await line.heard(ev.LinkExpiring)
        cut_after_s = session._CUT_AFTER_S
        assert before + cut_after_s <= expiring.by <= time.monotonic() + cut_after_s


@on_loop
async def test_unknown_fields_are_said_once_and_do_no_harm(caplog):
    unknown = UnknownFields(at="setup", repeat=True)
    scenario = Scenario(
        setup_delay_ms=0, answer_delay_ms=0, answer_speed=0, faults=(unknown,)
    )
    async with LiveServer(scenario) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        line.link.renew(unresponsive=False)
        await line.heard(ev.LinkUp, times=2)
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == [
        "server message: unknown field 'novelty' (ignored, said once)",
        "server message: unknown field 'serverContent.novelty' (ignored, said once)",
    ]


@on_loop
async def test_no_service_can_fill_the_journal(caplog):
    async def talk(socket):
        await accept(socket, UP)
        for index in range(1000):
            await socket.send(b'{"novelty%d":1}' % index)
        await socket.send(b'{"serverContent":{"turnComplete":true}}')
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.AnswerEnded)
    assert len(caplog.records) == 100


@on_loop
async def test_a_malformed_field_does_not_cost_the_link():
    async def talk(socket):
        await accept(socket, UP, b'{"serverContent":5,"goAway":{"timeLeft":"9s"}}')
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.LinkExpiring)
        assert not line.all(ev.LinkLost)


@on_loop
async def test_a_frame_that_is_not_json_costs_the_link_and_not_the_process():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Garbage())
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(None, "a frame that is not a JSON object")
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)


@on_loop
async def test_a_text_frame_that_is_no_unicode_is_no_different():
    async def talk(socket):
        await accept(socket, UP)
        await socket.send(b'{"a":"\xff"}', text=True)
        await socket.send(b"\xff", text=True)
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(None, "a frame that is not a JSON object")


@on_loop
async def test_a_large_frame_is_taken_and_a_huge_one_refused():
    large, huge = 3 << 20, 5 << 20
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Oversized(size_bytes=large))
        await server.inject(Interrupt())
        await line.heard(ev.AnswerEnded)
        await server.inject(Oversized(size_bytes=huge))
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is None
        assert lost.reason.startswith("1009")
        await line.heard(ev.LinkUp, times=2)
