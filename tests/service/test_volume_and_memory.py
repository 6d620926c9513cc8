# SPDX-License-Identifier: MIT
"""Volume, forgetting, the daily limit and transcripts, in the whole service."""

import json
import logging
import signal

import gpiozero
import pytest

from appliance.basics.pcm import amplify
from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.effects import ForgetSession, OpenTurn, PlayEarcon
from appliance.core.message_ids import TURN_ID
from appliance.core.signals import Earcon, Fault
from appliance.journal.lines import LogLines
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, compact, living_box
from tests.rig.own_process import LIMIT_S, NotifySocket, process
from tests.rig.waiting import in_loop

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
UP, DOWN = 22, 23


def changed(section, **values):
    """CALM with some values of `section` replaced."""
    return CALM.changed(**{section: getattr(CALM, section).changed(**values)})


def setups(server) -> list[dict]:
    """The setup message of each connection."""
    links = range(1, server.connections + 1)
    return [server.client_messages(link)[0]["setup"] for link in links]


@in_loop
async def test_the_button_down_makes_the_answer_quieter_and_a_restart_keeps_it(
    talkative_card, tmp_path
):
    config = changed("volume", up_gpio=UP, down_gpio=DOWN)
    async with LiveServer(QUICK) as server:
        async with living_box(
            talkative_card, server.url, config, state_directory=tmp_path
        ) as box:
            await box.ready()
            pin = gpiozero.Device.pin_factory.pin(DOWN)
            for _ in range(2):
                pin.drive_low()
                pin.drive_high()
            await box.until(lambda: len(box.happened(ev.VolumeTurned)) == 2)
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            volume = box.transitions[-1].after.volume
            assert volume.gain == pytest.approx(10 ** (-6 / 20))
            (turn,) = server.turns
            await box.heard(amplify(turn.answer, volume.gain))

        async with living_box(
            talkative_card, server.url, config, state_directory=tmp_path
        ) as box:
            await box.ready()
            assert box.transitions[0].before.volume == volume


@in_loop
async def test_after_a_pause_the_next_session_has_no_handle(talkative_card):
    config = changed("conversation", forget_after_min=0.02)
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, config) as box:
            await box.ready()
            await box.hold(0.4)
            await box.until(lambda: box.effects(ForgetSession))
            await box.until(lambda: len(box.happened(ev.LinkUp)) == 2)
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
        first, second = setups(server)[:2]
        assert first["sessionResumption"] == second["sessionResumption"] == {}
        assert len(server.turns) == 2
        assert not any(m.event.resumed for m in box.happened(ev.LinkUp))


@in_loop
async def test_the_setup_asks_for_the_configured_compression(talkative_card):
    config = changed("conversation", trigger_tokens=9000, target_tokens=3000)
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, config) as box:
            await box.ready()
        (setup,) = setups(server)
        assert setup["contextWindowCompression"] == {
            "slidingWindow": {"targetTokens": 3000},
            "triggerTokens": 9000,
        }


@in_loop
async def test_at_the_daily_limit_a_press_sends_nothing_and_is_heard(
    talkative_card, tmp_path
):
    config = changed("conversation", tokens_per_day=1)
    async with LiveServer(QUICK) as server:
        async with living_box(
            talkative_card, server.url, config, state_directory=tmp_path
        ) as box:
            await box.ready()
            await box.hold(0.4)
            await box.until(
                lambda: Fault.DAILY_LIMIT in box.transitions[-1].after.faults
            )
            await box.quiet()
            await box.hold(1.0)
            await box.quiet()
            assert box.effects(PlayEarcon)[-1].earcon is Earcon.DAILY_LIMIT
            assert len(box.effects(OpenTurn)) == 1
        async with living_box(
            talkative_card, server.url, config, state_directory=tmp_path
        ) as box:
            await box.ready()
            await box.hold(1.0)
            await box.quiet()
            assert not box.effects(OpenTurn)
        assert len(server.turns) == 1
        assert compact(server.wire(2)) == ["> setup", "< setupComplete", "> close 1000"]


@pytest.mark.parametrize("wanted", [False, True])
@in_loop
async def test_what_was_said_is_written_only_where_it_is_wanted(
    talkative_card, caplog, wanted
):
    caplog.set_level(logging.DEBUG)
    lines = LogLines(transcripts=wanted)
    async with LiveServer(QUICK) as server:
        async with living_box(
            talkative_card,
            server.url,
            changed("log", transcripts=wanted),
            observers=[lines.follow],
        ) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
        (setup,) = setups(server)
    turns = [r for r in caplog.records if getattr(r, "MESSAGE_ID", "") == TURN_ID]
    assert ("inputAudioTranscription" in json.dumps(setup)) == wanted
    assert ("outputAudioTranscription" in json.dumps(setup)) == wanted
    assert bool(box.happened(ev.TranscriptHeard)) == wanted
    assert [hasattr(turn, "SAID") and bool(turn.SAID) for turn in turns] == [wanted]
    assert [hasattr(turn, "ANSWERED") for turn in turns] == [wanted]


def test_systemds_state_directory_is_read_at_the_start(virtual_card, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    (tmp_path / "state").write_text("gain = oops\n")
    text = (
        '[live]\nendpoint = "ws://localhost:9"\n[microphone]\ndevice = "microphone"\n'
    )
    (tmp_path / "config.toml").write_text(f'{text}[speaker]\ndevice = "speaker"\n')
    told = {"NOTIFY_SOCKET": notify.path, "STATE_DIRECTORY": str(tmp_path)}
    config = str(tmp_path / "config.toml")
    with process(virtual_card, "run", "--config", config, **told) as box:
        notify.next("READY=1")
        line = box.stderr.readline()
        assert line.startswith(f"WARNING: {tmp_path}/state: not valid TOML: ")
        box.send_signal(signal.SIGTERM)
        assert box.wait(LIMIT_S) == 0
    notify.close()
