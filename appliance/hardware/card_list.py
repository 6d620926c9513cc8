# SPDX-License-Identifier: MIT
"""The sound cards that the kernel has, and which one is meant."""

import re
from pathlib import Path

from appliance.basics.excerpt import suggestion
from appliance.basics.record import Struct
from appliance.hardware.abilities import PARTS, Direction
from appliance.hardware.card import DeviceUnavailable

PROC = Path("/proc/asound")

_LINE = re.compile(r"^ *(\d+) \[(\S+) *\]: (\S+) - (.*)$", re.MULTILINE)
#: Drivers of the outputs that every Pi brings: taken only if there is nothing else.
_BUILT_IN = re.compile(r"vc4-hdmi|bcm2835_")
#: googlevoicehat-codec.c switches the amplifier off when capturing stops, even while
#: the speaker plays.
_MUTES_AT_CAPTURE_STOP = {"sndrpigooglevoi"}
_VERBS = {"capture": "capture", "playback": "play"}
_SEE = "see `voice-appliance sound`"


class SoundCard(Struct, frozen=True):
    """A card of /proc/asound/cards, and its PCM devices by direction."""

    number: int
    id: str
    driver: str
    name: str
    capture_devices: tuple[int, ...]
    playback_devices: tuple[int, ...]

    def __str__(self) -> str:
        able = [d for d in ("capture", "playback") if self.devices(d)]
        return f"{self.id} ({', '.join(able) or 'nothing'})"

    def devices(self, direction: str) -> tuple[int, ...]:
        """The numbers of its PCM devices; the first one is used."""
        if direction == "capture":
            return self.capture_devices
        return self.playback_devices

    @property
    def is_usb(self) -> bool:
        return self.driver == "USB-Audio"

    @property
    def has_two_clocks(self) -> bool:
        """Whether its directions run on their own, unlike those of one I2S bus."""
        return self.is_usb or self.driver == "Loopback"

    @property
    def is_built_in(self) -> bool:
        return bool(_BUILT_IN.match(self.driver))

    @property
    def is_duplex(self) -> bool:
        return bool(self.capture_devices and self.playback_devices)

    @property
    def mutes_at_capture_stop(self) -> bool:
        return self.id in _MUTES_AT_CAPTURE_STOP


def sound_cards(proc: Path = PROC) -> list[SoundCard]:
    """In the order of their numbers; none, if the kernel has no ALSA."""
    try:
        listing = (proc / "cards").read_text(errors="replace")
    except OSError:
        return []
    return [
        SoundCard(
            number=int(number),
            id=name,
            driver=driver,
            name=title.strip(),
            capture_devices=_devices(proc / f"card{number}", "c"),
            playback_devices=_devices(proc / f"card{number}", "p"),
        )
        for number, name, driver, title in _LINE.findall(listing)
    ]


def chosen_card(cards: list[SoundCard], direction: Direction, wanted: str) -> SoundCard:
    """The card with the id `wanted`; with "" the one that is obviously meant.

    That is the only one that can do `direction`; or the only one beside the Pi's own
    outputs; or, of several, the I2S card that does both directions, or the USB one.

    Raises DeviceUnavailable with the choices there are.
    """
    able = [card for card in cards if card.devices(direction)]
    if wanted:
        return _named(cards, able, direction, wanted)
    duplex = [card for card in able if card.is_duplex]
    for candidates in (
        able,
        [card for card in able if not card.is_built_in],
        [card for card in duplex if not card.is_usb],
        duplex,
    ):
        if len(candidates) == 1:
            return candidates[0]
    part, verb = PARTS[direction], _VERBS[direction]
    if not able:
        there = f"none of {_list(cards)} can {verb}" if cards else "no sound card"
        raise DeviceUnavailable(
            f"[{part}] card: there is {there}: check wiring or cable, and the overlay"
        )
    raise DeviceUnavailable(
        f"[{part}] card: more than one can {verb}: set it to one of {_ids(able)}; "
        f"{_SEE}"
    )


def _named(
    cards: list[SoundCard], able: list[SoundCard], direction: Direction, wanted: str
) -> SoundCard:
    label = f'[{PARTS[direction]}] card = "{wanted}"'
    same = [card for card in cards if card.id == wanted]
    if len(same) > 1:
        raise DeviceUnavailable(
            f"{label}: {len(same)} cards have this id: unplug one of them, or give it "
            "another id (man modprobe.d, option id)"
        )
    if same and same[0] in able:
        return same[0]
    choices = _ids(able) if able else "none"
    verb = _VERBS[direction]
    if same:
        raise DeviceUnavailable(
            f"{label}: this card cannot {verb}; cards that can: {choices}"
        )
    hint = suggestion(wanted, [card.id for card in able])
    raise DeviceUnavailable(
        f"{label}: there is no such card{hint}; cards that can {verb}: {choices}; "
        f"{_SEE}"
    )


def _devices(card: Path, letter: str) -> tuple[int, ...]:
    found = (
        re.fullmatch(r"pcm(\d+).", path.name) for path in card.glob(f"pcm*{letter}")
    )
    return tuple(sorted(int(match[1]) for match in found if match))


def _list(cards: list[SoundCard]) -> str:
    return ", ".join(map(str, cards))


def _ids(cards: list[SoundCard]) -> str:
    return ", ".join(dict.fromkeys(card.id for card in cards))
