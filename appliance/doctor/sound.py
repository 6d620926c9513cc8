# SPDX-License-Identifier: MIT
"""`voice-appliance sound`: the cards, what they can do, which one the service takes;
a tone, and the level of the microphone."""

import errno
from collections.abc import Callable

from appliance.basics.pcm import melody
from appliance.config.devices import microphone_choice, speaker_choice
from appliance.doctor.context import UNIT, Context
from appliance.doctor.levels import level
from appliance.doctor.mixers import open_mixers, shut_mixers
from appliance.doctor.recording import CARD_TROUBLE, record
from appliance.hardware.abilities import Direction
from appliance.hardware.alsa import cause_of
from appliance.hardware.card import CardHung, DeviceUnavailable
from appliance.hardware.card_list import SoundCard, chosen_card, sound_cards

_TALK_S = 3.0
_NOTES = ((1000.0, 0.4), (1500.0, 0.4))
_DIRECTIONS: dict[Direction, str] = {"capture": "captures", "playback": "plays"}

Tell = Callable[[str], None]


async def show_sound(context: Context, tell: Tell, *, fix: bool) -> bool:
    """Whether both directions work; a line each is told. Mixers are changed only with
    `fix`. Raises as `tell`."""
    cards = sound_cards(context.machine.root / "proc/asound")
    for card in cards:
        await _tell_card(context, card, tell)
    if not cards:
        tell("no sound card: check wiring or cable, and the overlay")
    taken = [await _taken(context, cards, way, tell) for way in _DIRECTIONS]
    opened = _mixers(context, cards, tell, fix=fix)
    return all(taken) and opened and await _sounds(context, tell)


async def _tell_card(context: Context, card: SoundCard, tell: Tell) -> None:
    tell(f"{card.id}: {card.name} ({card.driver})")
    for direction, does in _DIRECTIONS.items():
        if not card.devices(direction):
            continue
        try:
            able = str(await context.card.abilities(card, direction))
        except OSError as error:
            held = context.in_use and error.errno == errno.EBUSY
            able = "in use by the service" if held else cause_of(error)
        except CardHung as error:
            able = str(error)
        tell(f"  device {card.devices(direction)[0]} {does}: {able}")


async def _taken(
    context: Context, cards: list[SoundCard], direction: Direction, tell: Tell
) -> bool:
    part, choice = (
        ("microphone", microphone_choice(context.config))
        if direction == "capture"
        else ("speaker", speaker_choice(context.config))
    )
    try:
        if context.in_use:
            # It holds the card, which then answers nobody else.
            chosen = choice.pcm or chosen_card(cards, direction, choice.card).id
            tell(f"taken as {part}: {chosen}")
            return True
        selected = await context.card.select(direction, choice)
    except (DeviceUnavailable, CardHung) as error:
        tell(str(error))
        return False
    end = selected.endpoint
    if end is None:
        tell(f'taken as {part}: PCM "{selected.pcm}"')
        return True
    pinned = ", 48 kHz S32_LE stereo, as its directions share a clock"
    gain = f", {selected.gain_db:+g} dB" if selected.gain_db else ""
    tell(f"taken as {part}: {end.card.id}{pinned if end.shares_clock else ''}{gain}")
    return True


def _mixers(context: Context, cards: list[SoundCard], tell: Tell, *, fix: bool) -> bool:
    """Whether all are open now, as far as can be seen."""
    if cards and context.machine.run(["amixer", "--version"]) is None:
        tell("mixers: cannot be looked at: sudo apt install alsa-utils")
        return not fix
    shut = [mixer for card in cards for mixer in shut_mixers(context.machine, card.id)]
    for mixer in shut:
        todo = "opened" if fix else "`voice-appliance sound --fix` opens and stores it"
        tell(f"{mixer}: {todo}")
    failures = open_mixers(context.machine, shut) if fix and shut else []
    for line in failures:
        tell(line)
    return not failures and (fix or not shut)


async def _sounds(context: Context, tell: Tell) -> bool:
    if context.in_use:
        tell(f"tone and level: the service has the card: sudo systemctl stop {UNIT}")
        return True
    context.ask(f"Talk for {_TALK_S:g} s; then two notes are played.")
    try:
        heard = await record(context, _TALK_S, melody(_NOTES))
    except CARD_TROUBLE as error:
        tell(str(error))
        return False
    loudness = level(heard.pcm[: max(2, 2 * heard.played_frame)])
    tell(f"level while you talked: {loudness.rms_db:.0f} dB of full scale")
    tell("two notes were played: did you hear them? If not: the amplifier's wiring")
    return True
