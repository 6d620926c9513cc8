# SPDX-License-Identifier: MIT
"""The chain of ALSA's plugins between the service and a card, as a configuration."""

from appliance.basics.record import Struct
from appliance.hardware.abilities import Abilities, Direction
from appliance.hardware.card_list import SoundCard

#: The PCMs that the service defines, by direction.
PCM_NAMES: dict[Direction, str] = {
    "capture": "voice_appliance_capture",
    "playback": "voice_appliance_playback",
}
#: With 20 dB a voice half a metre from an INMP441 comes out at about -35 dB of full
#: scale instead of -55. Other cards have a gain stage of their own.
_BARE_MICROPHONE_GAIN_DB = 20.0
_PINS = "format S32_LE rate 48000 channels 2"


class Endpoint(Struct, frozen=True):
    """One direction of a card, with what that and the other direction can do.

    `opposite` is None where there is no other direction, or it shares nothing.
    """

    card: SoundCard
    direction: Direction
    abilities: Abilities
    opposite: Abilities | None

    @property
    def hardware(self) -> str:
        """The name of the kernel's PCM, without any conversion."""
        return hardware_pcm(self.card, self.direction)

    @property
    def shares_clock(self) -> bool:
        """Whether both directions must ask for the same frames, as on one I2S bus.

        48 kHz in frames of 2 x 32 bits is what an INMP441 needs (data sheet, "I2S data
        interface"), and a rate that a MAX98357A can do (Linux, max98357a.c).
        """
        if self.opposite is None or self.card.has_two_clocks:
            return False
        return self.abilities.is_i2s and self.opposite.is_i2s

    @property
    def default_gain_db(self) -> float:
        """20 dB for a bare I2S microphone, which has no 16-bit samples to give."""
        bare = self.shares_clock and "S16_LE" not in self.abilities.formats
        return _BARE_MICROPHONE_GAIN_DB if bare else 0.0

    def lacks(self, channel: int) -> bool:
        """Whether `channel`, counted from 1, is beyond its last one."""
        return channel > self.abilities.channels[1]


def hardware_pcm(card: SoundCard, direction: Direction) -> str:
    """Whichever device of the card has the direction: an overlay's links may come in
    any order (libfdt puts a new node before its siblings)."""
    return f"hw:CARD={card.id},DEV={card.devices(direction)[0]}"


def capture_definition(end: Endpoint, channel: int, gain_db: float) -> str:
    """A mono PCM of any rate: one channel of the card, from 1, with a gain.

    A mix of all channels would halve a microphone that is alone on a stereo bus.
    """
    factor = 10 ** (gain_db / 20)
    table = f"ttable.0.{channel - 1} {factor:.4f}"
    return _definition(end, table)


def playback_definition(end: Endpoint) -> str:
    """A mono PCM of any rate: the same on all channels of the card."""
    return _definition(end, "route_policy duplicate")


def _definition(end: Endpoint, route: str) -> str:
    # No dsnoop or dmix between: those have long periods of their own.
    pcm = end.hardware
    if end.abilities.is_digital_only:
        # `plug` cannot make S/PDIF frames; ALSA's definitions for HDMI cards do.
        pcm = pcm.replace("hw:", "hdmi:", 1)
    # Without libasound2-plugins only `linear` is left, which aliases.
    pins = f" {_PINS}" if end.shares_clock else ""
    return f"""\
pcm.{PCM_NAMES[end.direction]} {{
    type plug
    slave {{ pcm "{pcm}"{pins} }}
    rate_converter [ "speexrate_medium" "linear" ]
    {route}
}}
"""
