# SPDX-License-Identifier: MIT
"""From what the configuration says to a PCM that converts: the card is chosen, asked
what it can do, and given the chain of plugins that it needs."""

import errno
from contextlib import suppress
from pathlib import Path

from appliance.basics.excerpt import one_line
from appliance.basics.record import Struct
from appliance.hardware.abilities import PARTS, Abilities, Direction
from appliance.hardware.alsa import Alsa, cause_of
from appliance.hardware.alsa_config import AlsaConfig
from appliance.hardware.card import Choice, DeviceUnavailable
from appliance.hardware.card_list import PROC, SoundCard, chosen_card, sound_cards
from appliance.hardware.pcm_chain import (
    PCM_NAMES,
    Endpoint,
    capture_definition,
    hardware_pcm,
    playback_definition,
)


class Selected(Struct, frozen=True):
    """A PCM to open, in the words of the configuration, and the card behind it."""

    pcm: str
    label: str
    #: None for a PCM that was named.
    endpoint: Endpoint | None
    #: What the chain amplifies by; None for a PCM that was named: it is not known.
    gain_db: float | None

    @property
    def by_hand(self) -> str:
        """The PCM for arecord and aplay: the chain goes with the process."""
        return self.pcm if self.endpoint is None else f"plug{self.endpoint.hardware}"


class Selection:
    """Chooses among the cards of `proc`; what they can do is remembered while they are
    in use, for then they do not tell.

    Threads: one, the thread that opens and closes streams.
    """

    def __init__(self, alsa: Alsa, proc: Path = PROC) -> None:
        self._alsa = alsa
        self._proc = proc
        self._config = AlsaConfig(alsa)
        self._remembered: dict[tuple[SoundCard, Direction], Abilities] = {}

    def select(self, direction: Direction, choice: Choice) -> Selected:
        """Raises DeviceUnavailable: there is no such card, or more than one."""
        part = f"[{PARTS[direction]}]"
        if choice.pcm:
            label = f'{part} device = "{one_line(choice.pcm)}"'
            return Selected(choice.pcm, label, None, None)
        card = chosen_card(sound_cards(self._proc), direction, choice.card)
        label = f'{part} card = "{card.id}"'
        end = self._endpoint(card, direction, label)
        gain_db = 0.0
        definition = playback_definition(end)
        if direction == "capture":
            _check_capture(end, choice, label)
            gain_db = end.default_gain_db if choice.gain_db is None else choice.gain_db
            definition = capture_definition(end, choice.channel, gain_db)
        try:
            self._config.define(direction, definition)
        except OSError as error:
            raise DeviceUnavailable(
                f"{label}: its conversions cannot be written to {error.filename}: "
                f"{error.strerror}"
            ) from error
        return Selected(PCM_NAMES[direction], label, end, gain_db)

    def abilities(self, card: SoundCard, direction: Direction) -> Abilities:
        """What a direction of the card can do. Raises OSError."""
        key = card, direction
        try:
            self._remembered[key] = self._alsa.abilities(
                hardware_pcm(card, direction), direction
            )
        except OSError as error:
            if error.errno != errno.EBUSY or key not in self._remembered:
                raise
        return self._remembered[key]

    def _endpoint(self, card: SoundCard, direction: Direction, label: str) -> Endpoint:
        try:
            own = self.abilities(card, direction)
        except OSError as error:
            raise DeviceUnavailable(f"{label}: {cause_of(error)}") from error
        other: Direction = "playback" if direction == "capture" else "capture"
        opposite = None
        # Each question opens the device: asked only where the answer counts.
        if own.is_i2s and card.devices(other) and not card.has_two_clocks:
            with suppress(OSError):
                opposite = self.abilities(card, other)
        return Endpoint(card, direction, own, opposite)


def _check_capture(end: Endpoint, choice: Choice, label: str) -> None:
    if end.lacks(choice.channel):
        most = end.abilities.channels[1]
        raise DeviceUnavailable(
            f"{label}: [microphone] channel = {choice.channel}: this card has "
            f"{most} channel{'s' if most > 1 else ''}, counted from 1"
        )
    if choice.rests and end.card.mutes_at_capture_stop:
        raise DeviceUnavailable(
            f'{label}: [microphone] open = "while-held" would silence the speaker: '
            "this card's driver switches its amplifier off whenever the microphone "
            'closes; set it to "always", or use another overlay'
        )
