# SPDX-License-Identifier: MIT
"""Which GPIO lines the configuration may use, each only once."""

from collections.abc import Iterator

from appliance.basics.strict_toml import Problem, Section, keys, sections
from appliance.config.sections import VolumeSection

#: BCM numbers of the I2S bus: the microphone and the amplifier sit there.
I2S_GPIOS = range(18, 22)
#: Switches the amplifier on; driven by hw/overlays/voice-appliance.dts.
AMPLIFIER_GPIO = 16
#: BCM number -> why the configuration cannot have it.
_TAKEN = {
    **dict.fromkeys(range(2), "0 and 1 are for the memory of a HAT"),
    **dict.fromkeys(I2S_GPIOS, "18-21 are the I2S bus of microphone and amplifier"),
    AMPLIFIER_GPIO: "that is the amplifier's SD line",
}


def wrong_pins(config: Section) -> Iterator[Problem]:
    """Lines that are not available, or that two keys of `config` name."""
    owners: dict[int, str] = {}
    for place, gpio in _lines(config):
        owner = owners.setdefault(gpio, place)
        if taken := _TAKEN.get(gpio):
            line = f"{place} = {gpio}: {taken}; use another pin from 2 to 27"
            yield Problem((place,), line)
        elif owner != place:
            line = f"{owner} and {place} are both {gpio}; use two pins"
            yield Problem((owner, place), line)


def _lines(config: Section) -> Iterator[tuple[str, int]]:
    """Each "[section] key" that ends in gpio, and its GPIO line; 0 for none."""
    for section in sections(config):
        for key in keys(section.value):
            if key.name.endswith("gpio") and key.value:
                yield f"[{section.name}] {key.name}", key.value


def wrong_volume(volume: VolumeSection) -> Iterator[Problem]:
    """Half an encoder."""
    if bool(volume.encoder_a_gpio) != bool(volume.encoder_b_gpio):
        missing = "b" if volume.encoder_a_gpio else "a"
        yield Problem(
            ("[volume] encoder_a_gpio", "[volume] encoder_b_gpio"),
            f"[volume] encoder_{missing}_gpio = 0: an encoder has two lines; "
            "give both a pin from 2 to 27, or neither",
        )
