# SPDX-License-Identifier: MIT
"""`systemctl reload`: another configuration without losing a word."""

import json
import signal

import pytest

from appliance.basics.strict_toml import Section, keys, sections
from appliance.config.file import Config
from appliance.config.sections import APPLIED
from appliance.config.text import changed, declared
from appliance.core.conversation import State
from appliance.core.events import AnswerEnded, ConfigChanged, LinkUp
from appliance.demo.demo import Panel
from appliance.hardware.sound_card import AlsaCard
from appliance.service.app import Appliance
from appliance.service.reload import Reload
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, living_box
from tests.rig.own_process import LIMIT_S, process
from tests.rig.waiting import in_loop, noise

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
#: Nobody listens there.
HEAD = '[live]\nendpoint = "ws://localhost:9"\n[microphone]\ndevice = "microphone"\n'


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'{HEAD}[speaker]\ndevice = "speaker"\n')
    return path


def test_what_differs_is_told_key_by_key():
    config = Config()
    other = config.changed(
        led=config.led.changed(gpio=5), speaker=config.speaker.changed(gain=0.5)
    )
    assert changed(config, config) == []
    assert changed(config, other) == ["[led] gpio", "[speaker] gain"]


class Read:
    """Stands for a configuration, and notes which of its keys are looked at."""

    def __init__(self, of, place="", seen=None):
        self._of, self._place = of, place
        self.seen = set() if seen is None else seen

    def __getattr__(self, name):
        value = getattr(self._of, name)
        if isinstance(value, Section):
            return Read(value, f"[{name}]", self.seen)
        self.seen.add(f"{self._place} {name}")
        return value


@in_loop
async def test_a_key_is_applied_by_a_reload_or_says_that_it_is_not(virtual_card):
    """Who adds a key adds it to a reload, too, or declares it AT_START."""
    async with living_box(virtual_card, "ws://localhost:9") as box:
        read = Read(Config())
        box.appliance._apply(read, 0.0)
    known = {f"[{s.name}] {k.name}" for s in sections(Config()) for k in keys(s.value)}
    at_start = set(declared(APPLIED))
    assert known - read.seen == at_start - {"[log] transcripts"}
    assert "[led] gpio" in at_start


@in_loop
async def test_each_key_is_read_at_the_start_but_the_prices():
    """Those are for the observers. A key that nobody reads does nothing."""
    read, card = Read(Config()), AlsaCard()
    Panel(17, active_low=True)
    box = Appliance(
        read, key=None, microphone_card=card, speaker_card=card, observers=[]
    )
    await box._close_parts()
    known = {f"[{s.name}] {k.name}" for s in sections(Config()) for k in keys(s.value)}
    assert {key.split()[0] for key in known - read.seen} == {"[prices]"}


def test_what_only_a_new_process_reads_stays_as_it_was_at_the_start():
    log, led = Config().log, Config().led
    wanted = Config().changed(
        log=log.changed(transcripts=True), led=led.changed(gpio=5, brightness=0.5)
    )
    reload = Reload(Config(), lambda: wanted)
    reload.read(told=False)
    assert reload.due() == Config().changed(led=led.changed(brightness=0.5))
    assert reload.due() is None


@in_loop
async def test_a_reload_in_mid_sentence_waits_for_the_end_of_the_answer(virtual_card):
    virtual_card.say(noise(480_000))
    async with LiveServer(QUICK) as server:
        live = CALM.live.changed(endpoint=server.url, voice="Puck")
        other = CALM.changed(live=live, speaker=CALM.speaker.changed(gain=0.5))
        async with living_box(
            virtual_card, server.url, read_config=lambda: other
        ) as box:
            await box.ready()
            box.panel.press()
            await box.captured(0.5)
            signal.raise_signal(signal.SIGHUP)
            await box.captured(0.5)
            box.panel.release()
            await box.state(State.SPEAKING)
            assert not box.happened(ConfigChanged)
            await box.until(lambda: len(box.happened(LinkUp)) == 2)

        (transition,) = box.happened(ConfigChanged)
        assert transition.before.between_turns
        assert len(box.happened(AnswerEnded)) == len(server.turns) == 1
        assert server.turns[0].heard in virtual_card.spoken()
        resumed = server.client_messages(2)[0]["setup"]
        assert "Puck" in json.dumps(resumed)
        assert resumed["sessionResumption"]["handle"]


def test_systemd_sees_the_reload_and_a_bad_file_changes_nothing(
    virtual_card, notify, config_file
):
    told = {"NOTIFY_SOCKET": notify.path}
    with process(virtual_card, "run", "--config", str(config_file), **told) as box:
        notify.next("READY=1")

        config_file.write_text(config_file.read_text() + "gain = 0.5\n")
        box.send_signal(signal.SIGHUP)
        notify.next("MONOTONIC_USEC=")
        notify.next("READY=1")
        line = next(ln for ln in box.stderr if "read again" in ln)
        assert line == "INFO: configuration read again: [speaker] gain changed\n"

        config_file.write_text(config_file.read_text() + "gian = 0.5\ngap = 1\n")
        box.send_signal(signal.SIGHUP)
        notify.next("RELOADING=1")
        notify.next("READY=1")

        box.send_signal(signal.SIGTERM)
        assert box.wait(LIMIT_S) == 0
        gian, gap, *_ = box.stderr
        assert gian.startswith(f"ERROR: {config_file}: [speaker] gian is unknown; did")
        assert gap.startswith(f"ERROR: {config_file}: [speaker] gap is unknown")
        assert gap.endswith("; nothing in the file is applied\n")


def test_what_only_a_new_process_applies_is_told(virtual_card, notify, config_file):
    told = {"NOTIFY_SOCKET": notify.path}
    with process(virtual_card, "run", "--config", str(config_file), **told) as box:
        notify.next("READY=1")
        config_file.write_text(config_file.read_text() + "period_frames = 720\n")
        box.send_signal(signal.SIGHUP)
        notify.next("MONOTONIC_USEC=")
        notify.next("READY=1")
        line = next(ln for ln in box.stderr if "read again" in ln)
        assert line.endswith(
            "[speaker] period_frames changed; [speaker] period_frames only after "
            "`systemctl restart voice-appliance`\n"
        )
        assert box.poll() is None


def test_a_missing_key_is_told_and_the_service_is_ready_all_the_same(
    virtual_card, notify, config_file
):
    told = {"NOTIFY_SOCKET": notify.path, "GEMINI_API_KEY": ""}
    with process(virtual_card, "run", "--config", str(config_file), **told) as box:
        notify.next("STATUS=Key rejected. Put a valid Gemini API key in the credential")
        notify.seen("READY=1")
        assert box.stderr.readline().startswith("WARNING: key rejected (there is none)")
        box.send_signal(signal.SIGTERM)
        assert box.wait(LIMIT_S) == 0
