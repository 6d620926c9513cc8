# SPDX-License-Identifier: MIT
"""What is said without a running box: in a demo, and when it cannot start."""

import os
import subprocess
import sys
import wave

import pytest

from appliance.config.file import Config
from appliance.core.earcons import earcon_pcm
from appliance.core.sentences import NAMES, Sentence
from appliance.core.signals import TABLE, Earcon, Signal
from appliance.hardware.sound_card import AlsaCard
from appliance.service.announce import say_why_it_ends, sound_of, spoken_language
from appliance.simulator.virtual_machine import Form
from tests.rig.own_process import LIMIT_S, NotifySocket, process
from tests.rig.waiting import in_loop

FAILURES = [signal for signal in Signal if signal.name in Sentence.__members__]


def test_each_failure_has_a_name_and_begins_with_its_sound():
    for signal in FAILURES:
        name = Sentence[signal.name].value
        assert name in NAMES
        earcon = earcon_pcm(TABLE[signal].earcon)
        sound = sound_of(name, "en")
        assert sound.startswith(earcon)
        assert 1.0 < (len(sound) - len(earcon)) / 48_000 < 5.5


def test_ready_is_all_that_three_taps_lead_to():
    sound = sound_of("ready", "de")
    assert sound.startswith(earcon_pcm(Earcon.READY))
    assert len(sound) / 48_000 > 7


def test_it_speaks_the_language_of_the_box(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_AT.UTF-8@euro")
    assert spoken_language(Config()) == "de"
    french = Config().changed(speech=Config().speech.changed(language="fr"))
    assert spoken_language(french) == "fr"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_speaker_plays_it_from_its_first_to_its_last_sample(tmp_path, language):
    config, out = tmp_path / "config.toml", tmp_path / "out.wav"
    config.write_text(f'[speech]\nlanguage = "{language}"\n')
    demo = [sys.executable, "-m", "appliance", "demo", "--config", str(config)]
    ended = subprocess.run(
        [*demo, "--say", "lost", "--speaker", str(out)], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"What the speaker played: {out}\n"
    with wave.open(str(out), "rb") as wav:
        assert sound_of("lost", language) in wav.readframes(wav.getnframes())


def test_without_espeak_ng_it_is_one_line(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "appliance", "demo", "--say", "lost"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ended.returncode == 1
    why = "espeak-ng cannot be started: No such file or directory"
    assert ended.stderr == f"voice-appliance: {why}\n"
    assert [*tmp_path.iterdir()] == []


#: A busy machine is late for 20-ms periods.
CALM = Config().changed(speaker=Config().speaker.changed(period_frames=2400))


@in_loop
async def test_a_configuration_that_cannot_be_read_is_told_on_the_only_card(machine):
    card = machine.plug_in("Headset", speaker=Form(24_000, 1))
    await say_why_it_ends(CALM, AlsaCard(machine.proc))
    assert sound_of("configuration", spoken_language(Config())) in card.heard()


@in_loop
async def test_without_a_card_it_ends_without_a_word(machine):
    await say_why_it_ends(Config(), AlsaCard(machine.proc))


@in_loop
async def test_without_sentences_only_the_sound_is_heard(machine):
    card = machine.plug_in("Headset", speaker=Form(24_000, 1))
    speech = Config().speech.changed(sentences=False)
    await say_why_it_ends(CALM.changed(speech=speech), AlsaCard(machine.proc))
    earcon = earcon_pcm(Earcon.REFUSED)
    assert earcon in card.heard()
    assert not card.heard().split(earcon)[1].strip(b"\0")


def test_a_service_that_ends_with_78_has_said_that_its_configuration_is_wrong(
    virtual_card, tmp_path
):
    config = tmp_path / "config.toml"
    config.write_text(
        '[microphone]\ndevice = "nobody"\n[speaker]\ndevice = "speaker"\n'
        'period_frames = 2400\n[speech]\nlanguage = "de"\n'
    )
    notified = NotifySocket(tmp_path / "notify")
    arguments = ("run", "--config", str(config))
    with process(virtual_card, *arguments, NOTIFY_SOCKET=notified.path) as running:
        _, complaint = running.communicate(timeout=LIMIT_S)
    notified.close()
    assert running.returncode == 78
    assert "nobody" in complaint
    assert sound_of("configuration", "de") in virtual_card.heard()
