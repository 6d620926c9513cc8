# SPDX-License-Identifier: MIT
"""Mixer controls that keep a card silent or deaf, and how they are opened."""

import re
from dataclasses import dataclass

from appliance.doctor.machine import Machine

#: The paths from and to a converter: WM8960 (its data sheet's names), USB, Pi.
_OUTPUTS = re.compile(r"Speaker|Headphone|PCM|Master|Playback|.* Output Mixer PCM")
_INPUTS = re.compile(r"Mic|Microphone|Capture|.* Input Mixer Boost|Headset")
_CONTROL = re.compile(r"^Simple mixer control '(.+)',(\d+)$", re.MULTILINE)
#: Loud enough to be heard, and short of full scale.
_OPEN_AT = "80%"


@dataclass(frozen=True, slots=True)
class ShutMixer:
    """A control that is off, or at 0 %, in one direction."""

    card_id: str
    name: str
    index: int
    is_capture: bool

    def __str__(self) -> str:
        return f"{self.card_id}: mixer control '{self.name}' is shut"

    @property
    def command(self) -> list[str]:
        """What opens it; `amixer` leaves aside what the control has not."""
        control = f"{self.name},{self.index}"
        words = ["cap"] if self.is_capture else ["unmute"]
        return ["amixer", "-q", "-c", self.card_id, "sset", control, _OPEN_AT, *words]


def shut_mixers(machine: Machine, card_id: str) -> list[ShutMixer]:
    """Of one card; none, if it has no mixer or alsa-utils are missing."""
    ran = machine.run(["amixer", "-c", card_id, "scontents"])
    return read_mixers(card_id, ran.text) if ran and ran.code == 0 else []


def read_mixers(card_id: str, contents: str) -> list[ShutMixer]:
    """What `amixer scontents` wrote."""
    pieces = _CONTROL.split(contents)[1:]
    return [
        ShutMixer(card_id, name, int(index), is_capture)
        for name, index, body in zip(*[iter(pieces)] * 3, strict=True)
        for is_capture, names in ((False, _OUTPUTS), (True, _INPUTS))
        if names.fullmatch(name) and _is_shut(body, is_capture)
    ]


def open_mixers(machine: Machine, shut: list[ShutMixer]) -> list[str]:
    """Open them, and store that for the next boot; a line for each step that failed."""
    commands = [mixer.command for mixer in shut]
    commands += [["alsactl", "store", card] for card in {m.card_id for m in shut}]
    failures = []
    for command in commands:
        ran = machine.run(command)
        if ran is None:
            failures.append(f"{command[0]} is missing: sudo apt install alsa-utils")
        elif ran.code:
            failures.append(f"{' '.join(command)}: {ran.complaint}; try it with sudo")
    return failures


def _is_shut(body: str, is_capture: bool) -> bool:
    """Whether a direction that the control has is off, or at 0 %, on all channels."""
    # A boost of the input is a switch that amixer counts among the playback ones.
    boost = "Capture" not in body and "pvolume" not in body
    word = "Capture" if is_capture and not boost else "Playback"
    # "Front Left: Playback 0 [0%] [-99.00dB] [off] Capture 3 [20%] [on]"
    values = re.findall(rf"^ +[^:\n]+: .*?({word} (?:\d+ )?\[[^CP\n]*)", body, re.M)
    return bool(values) and all("[off]" in v or "[0%]" in v for v in values)
