# SPDX-License-Identifier: MIT
"""`voice-appliance sound`: the cards, their mixers, a tone and a level."""

import asyncio
from dataclasses import replace

import pytest

from appliance.config.file import Config
from appliance.doctor import recording, sound
from appliance.doctor.machine import Machine, Ran
from appliance.doctor.mixers import read_mixers
from appliance.doctor.sound import show_sound
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_machine import Form, VirtualMachine
from tests.doctor.fixture import box
from tests.rig.waiting import noise

#: As amixer writes it for a WM8960 that was never set up, cut to what counts.
CONTENTS = """\
Simple mixer control 'Headphone',0
  Capabilities: pvolume
  Limits: Playback 0 - 127
  Front Left: Playback 121 [95%] [0.00dB]
  Front Right: Playback 121 [95%] [0.00dB]
Simple mixer control 'Speaker',0
  Capabilities: pvolume
  Front Left: Playback 0 [0%] [-99999.99dB]
  Front Right: Playback 0 [0%] [-99999.99dB]
Simple mixer control 'Left Output Mixer PCM',0
  Capabilities: pswitch pswitch-joined
  Mono: Playback [off]
Simple mixer control 'Capture',0
  Capabilities: cvolume cswitch
  Front Left: Capture 39 [62%] [12.00dB] [off]
  Front Right: Capture 39 [62%] [12.00dB] [off]
Simple mixer control 'Left Input Mixer Boost',0
  Capabilities: pswitch pswitch-joined
  Mono: Playback [off]
Simple mixer control 'Mic',0
  Capabilities: pvolume pswitch cvolume cswitch
  Mono: Playback 0 [0%] [off] Capture 12 [80%] [on]
"""
I2S = Form(48_000, 2, "S32_LE")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(recording, "_SETTLE_S", 0.1)
    monkeypatch.setattr(sound, "_TALK_S", 0.3)


def shown(machine: VirtualMachine, commands=None, **options) -> tuple[bool, str]:
    ran: list[str] = []

    def run(command: list[str]) -> Ran | None:
        ran.append(" ".join(command))
        return (commands or {}).get(ran[-1], Ran(0, b""))

    (machine.proc.parent / "root").mkdir(exist_ok=True)
    link = machine.proc.parent / "root" / "proc"
    if not link.exists():
        link.mkdir()
        (link / "asound").symlink_to(machine.proc)
    case = replace(
        box(machine.proc.parent / "root", commands={}, config=Config()),
        machine=Machine(machine.proc.parent / "root", run),
        card=AlsaCard(machine.proc),
        in_use=options.pop("in_use", False),
    )
    lines: list[str] = []
    well = asyncio.run(show_sound(case, lines.append, **{"fix": False, **options}))
    return well, "\n".join([*lines, *(f"$ {command}" for command in ran)])


def test_cards_are_listed_and_the_taken_ones_are_heard(machine):
    pair = machine.plug_in("voicebox", microphone=I2S, speaker=I2S, driver="simple")
    pair.say(noise(200_000))
    well, text = shown(machine)
    assert well
    assert "  device 0 captures: 48 kHz, S32_LE, 2 channels" in text
    assert "taken as microphone: voicebox, 48 kHz S32_LE stereo" in text
    assert ", +20 dB" in text
    assert "level while you talked: -" in text
    assert "two notes were played" in text
    assert any(pair.heard())


def test_a_choice_that_is_needed_is_told(machine):
    machine.plug_in("A", microphone=Form(), speaker=Form())
    machine.plug_in("B", microphone=Form(), speaker=Form())
    well, text = shown(machine)
    assert not well
    assert "[microphone] card: more than one can capture: set it to one of A, B" in text


def test_a_card_in_the_hands_of_the_service_is_not_touched(machine):
    machine.plug_in("A", microphone=Form(), speaker=Form()).fault("speaker", "busy")
    well, text = shown(machine, in_use=True)
    assert "device 0 plays: in use by the service" in text
    assert "taken as speaker: A" in text
    assert well
    assert "two notes" not in text


def test_a_choice_that_is_needed_is_told_beside_the_service_too(machine):
    machine.plug_in("A", microphone=Form(), speaker=Form())
    machine.plug_in("B", microphone=Form(), speaker=Form())
    well, text = shown(machine, in_use=True)
    assert not well
    assert "[speaker] card: more than one can play: set it to one of A, B" in text


def test_shut_mixers_are_those_on_the_way_of_the_sound():
    shut = [(m.name, m.is_capture) for m in read_mixers("wm8960soundcard", CONTENTS)]
    assert shut == [
        ("Speaker", False),
        ("Left Output Mixer PCM", False),
        ("Capture", True),
        ("Left Input Mixer Boost", True),
    ]


def test_shut_mixers_are_told_and_opened_only_on_demand(machine):
    machine.plug_in("A", microphone=Form(), speaker=Form())
    commands = {"amixer -c A scontents": Ran(0, CONTENTS.encode())}
    well, text = shown(machine, commands, in_use=True)
    assert not well
    assert "A: mixer control 'Speaker' is shut: `voice-appliance sound --fix`" in text
    assert "sset" not in text
    well, text = shown(machine, commands, in_use=True, fix=True)
    assert well
    assert "$ amixer -q -c A sset Speaker,0 80% unmute" in text
    assert "$ amixer -q -c A sset Capture,0 80% cap" in text
    assert text.endswith("$ alsactl store A")
    commands["alsactl store A"] = Ran(1, b"", "alsactl: Cannot open: Permission denied")
    well, text = shown(machine, commands, in_use=True, fix=True)
    assert not well
    assert "alsactl store A: alsactl: Cannot open: Permission denied; try it" in text


def test_without_a_program_for_mixers_it_says_so(machine):
    """A shut one would else be a card without a word."""
    machine.plug_in("A", microphone=Form(), speaker=Form())
    for fix in (False, True):
        well, text = shown(machine, {"amixer --version": None}, in_use=True, fix=fix)
        assert well is not fix
        assert "mixers: cannot be looked at: sudo apt install alsa-utils" in text
