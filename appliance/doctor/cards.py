# SPDX-License-Identifier: MIT
"""The sound cards that the kernel has, and whether the configured names will last."""

import re
from dataclasses import dataclass

from appliance.config.file import Config
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.machine import Machine
from appliance.doctor.result import ASOUND, Result, fail, ok, setting

_WHY_NONE = "sudo dmesg | grep -iE 'asoc|snd|usb'; voice-appliance doctor"
_BY_NUMBER = re.compile(r"(?:plug)?hw:(?:CARD=)?(\d+)")


@dataclass(frozen=True, slots=True)
class SoundCard:
    """One line of /proc/asound/cards."""

    number: int
    id: str
    captures: bool
    plays: bool

    def __str__(self) -> str:
        does = [
            name
            for name, can in (("capture", self.captures), ("playback", self.plays))
            if can
        ]
        return f"{self.id} ({', '.join(does) or 'nothing'})"


async def examine_cards(context: Context) -> Result:
    return judge_cards(cards(context.machine), context.config)


def judge_cards(found: list[SoundCard], config: Config) -> Result:
    text = ", ".join(map(str, found))
    figures = {"cards": text}
    if not any(card.captures for card in found):
        what = f"none of {text} captures" if found else "there is no sound card"
        mend = f"{_WHY_NONE} --section overlay"
        return fail(what, mend, Signal.MICROPHONE, **figures)
    if not any(card.plays for card in found):
        mend = f"{_WHY_NONE} --section overlay"
        return fail(f"none of {text} plays", mend, Signal.SPEAKER, **figures)
    devices = {"microphone": config.microphone.device, "speaker": config.speaker.device}
    for part, device in devices.items():
        number = _BY_NUMBER.match(device)
        if number and len(found) > 1:
            return _will_move(part, device, int(number[1]), found, text)
    return ok(text, **figures)


def _will_move(
    part: str, device: str, number: int, found: list[SoundCard], text: str
) -> Result:
    names = [card.id for card in found if card.number == number]
    return fail(
        f'{text}; [{part}] device = "{device}" goes by a number, which may be another '
        "after the next boot",
        f"{ASOUND}{f', which is {names[0]}' if names else ''}; "
        + setting(part, "device", '"default"'),
        cards=text,
    )


def cards(machine: Machine) -> list[SoundCard]:
    """In the order of their numbers."""
    listing = machine.read("proc/asound/cards") or ""
    return [
        SoundCard(
            int(number),
            name,
            captures=bool(machine.find(f"proc/asound/card{number}/pcm*c")),
            plays=bool(machine.find(f"proc/asound/card{number}/pcm*p")),
        )
        for number, name in re.findall(r"^ *(\d+) \[(\S+) *\]", listing, re.MULTILINE)
    ]
