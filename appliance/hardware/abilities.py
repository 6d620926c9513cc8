# SPDX-License-Identifier: MIT
"""What one direction of a sound card can do, as the card itself says."""

from typing import Literal

from appliance.basics.record import Struct

Direction = Literal["capture", "playback"]
#: The part of the box that each direction serves, as the configuration names it.
PARTS: dict[Direction, str] = {"capture": "microphone", "playback": "speaker"}
DIRECTIONS: dict[str, Direction] = {part: way for way, part in PARTS.items()}

#: Rates of sound cards, and the two of the service (16 and 24 kHz).
ASKED_RATES_HZ = (
    8000,
    11_025,
    16_000,
    22_050,
    24_000,
    32_000,
    44_100,
    48_000,
    88_200,
    96_000,
    176_400,
    192_000,
)
#: Samples in an S/PDIF frame: HDMI without a converter (alsa-lib, pcm_iec958.c).
_IEC958 = {"IEC958_SUBFRAME_LE", "IEC958_SUBFRAME_BE"}
_I2S_RATE_HZ, _I2S_CHANNELS, _I2S_FORMAT = 48_000, 2, "S32_LE"


class Abilities(Struct, frozen=True):
    """Sample formats by ALSA's names, the rates it has, (fewest, most) channels."""

    formats: frozenset[str]
    rates_hz: tuple[int, ...]
    channels: tuple[int, int]

    def __str__(self) -> str:
        fewest, most = self.channels
        count = str(most) if fewest == most else f"{fewest}-{most}"
        kilohertz = ", ".join(f"{rate / 1000:g}" for rate in self.rates_hz)
        plural = "s" if most > 1 else ""
        names = ", ".join(sorted(self.formats))
        return f"{kilohertz or 'no known'} kHz, {names}, {count} channel{plural}"

    @property
    def is_i2s(self) -> bool:
        """Whether it takes 48 kHz in frames of 2 x 32 bits, as I2S parts need them."""
        fewest, most = self.channels
        return (
            _I2S_FORMAT in self.formats
            and _I2S_RATE_HZ in self.rates_hz
            and fewest <= _I2S_CHANNELS <= most
        )

    @property
    def is_digital_only(self) -> bool:
        """Whether it takes nothing but S/PDIF frames."""
        return bool(self.formats) and self.formats <= _IEC958
