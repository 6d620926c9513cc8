# SPDX-License-Identifier: MIT
"""The sound cards that the kernel has, and which of them the service takes."""

import re

from appliance.config.devices import microphone_choice, speaker_choice
from appliance.config.file import Config
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, ok, setting
from appliance.hardware.abilities import DIRECTIONS
from appliance.hardware.card import Choice, DeviceUnavailable
from appliance.hardware.card_list import SoundCard, chosen_card, sound_cards

_WHY_NONE = (
    "sudo dmesg | grep -iE 'asoc|snd|usb'; voice-appliance doctor --section overlay"
)
_UNPLUG = "unplug one of the cards that have the same id"
_BY_NUMBER = re.compile(r"(?:plug)?hw:(?:CARD=)?(\d+)")
_SIGNALS = {"microphone": Signal.MICROPHONE, "speaker": Signal.SPEAKER}


async def examine_cards(context: Context) -> Result:
    found = sound_cards(context.machine.root / "proc/asound")
    return judge_cards(found, context.config)


def judge_cards(found: list[SoundCard], config: Config) -> Result:
    text = ", ".join(map(str, found))
    choices = {
        "microphone": microphone_choice(config),
        "speaker": speaker_choice(config),
    }
    for part, choice in choices.items():
        if result := _missing(part, choice, found, text):
            return result
    taken = [
        f"{part}: {choice.pcm or chosen_card(found, DIRECTIONS[part], choice.card).id}"
        for part, choice in choices.items()
    ]
    return ok(f"{text}; taken: {', '.join(taken)}", cards=text)


def _missing(
    part: str, choice: Choice, found: list[SoundCard], text: str
) -> Result | None:
    """What is wrong with one part, if anything."""
    direction = DIRECTIONS[part]
    able = [card for card in found if card.devices(direction)]
    signal = _SIGNALS[part]
    if not able:
        verb = "captures" if part == "microphone" else "plays"
        what = f"none of {text} {verb}" if found else "there is no sound card"
        return fail(what, _WHY_NONE, signal, cards=text)
    if choice.pcm:
        number = _BY_NUMBER.match(choice.pcm)
        if number and len(found) > 1:
            return _will_move(part, choice.pcm, int(number[1]), found, text)
        return None
    try:
        chosen_card(found, direction, choice.card)
    except DeviceUnavailable as error:
        ids = [card.id for card in able]
        telling = [each for each in ids if ids.count(each) == 1]
        mend = setting(part, "card", f'"{telling[0]}"') if telling else _UNPLUG
        return fail(str(error), mend, signal, cards=text)
    return None


def _will_move(
    part: str, device: str, number: int, found: list[SoundCard], text: str
) -> Result:
    ids = [card.id for card in found if card.number == number] or [found[0].id]
    return fail(
        f'{text}; [{part}] device = "{device}" goes by a number, which may be another '
        "after the next boot",
        setting(part, "card", f'"{ids[0]}", and no device'),
        cards=text,
    )
