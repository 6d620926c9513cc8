# SPDX-License-Identifier: MIT
"""The pin table against everything that must agree with it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from appliance.basics.strict_toml import keys, sections
from appliance.config.file import Config, load
from appliance.config.pins import AMPLIFIER_GPIO, I2S_GPIOS
from appliance.config.sections import Kit
from docs.generate import pins

HW = Path(__file__).parents[2] / "hw"
WIRES = pins.wires()


def wire(part: str, pad: str) -> pins.Wire:
    (found,) = (w for w in WIRES if (w.part, w.pad) == (part, pad))
    return found


@pytest.mark.parametrize("row", WIRES, ids=lambda w: f"{w.part}-{w.pad}")
def test_header_pin_and_gpio_are_the_same_place(row):
    assert row.gpio == pins.gpio_of(row.header)
    if row.gpio is None:
        assert row.net == pins.label_of(row.header)


def test_each_gpio_has_its_pin_once():
    gpios = [pins.gpio_of(header) for header in range(1, 41)]
    assert sorted(gpio for gpio in gpios if gpio is not None) == list(range(28))


def test_the_default_configuration_is_wired():
    assert wire("button", "NO").gpio == Config().button.talk_gpio
    assert wire("LED", "+").gpio == Config().led.gpio


def test_each_gpio_of_the_configuration_has_a_wire():
    config = Config()
    places = {
        f"[{section.name}] {key.name}"
        for section in sections(config)
        for key in keys(section.value)
        if key.name.endswith("gpio")
    }
    always = {"[button] talk_gpio", "[led] gpio"}
    assert places == always | {row.key for row in WIRES if row.key}


def test_the_optional_parts_are_wired_to_lines_that_the_configuration_takes(tmp_path):
    """As the table says them, all at once."""
    settings = {row.key: row.gpio for row in WIRES if row.key}
    assert "[volume] encoder_a_gpio" in settings
    text = "".join(
        "{}.{} = {}\n".format(*key[1:].split("] "), gpio)
        for key, gpio in settings.items()
    )
    (tmp_path / "c.toml").write_text(text)
    config = load(tmp_path / "c.toml")
    for key, gpio in settings.items():
        section, name = key[1:].split("] ")
        assert getattr(getattr(config, section), name) == gpio


def test_the_i2s_bus_is_where_the_configuration_forbids_other_use():
    used = {row.gpio for row in WIRES if row.part in ("microphone", "amplifier")}
    assert used - {None, AMPLIFIER_GPIO} == set(I2S_GPIOS)
    assert wire("amplifier", "SD").gpio == AMPLIFIER_GPIO
    # BCM2835 ARM Peripherals, table 6-31, ALT0: PCM_CLK, PCM_FS, PCM_DIN, PCM_DOUT.
    signals = [("SCK", "BCLK"), ("WS", "LRC"), ("SD", None), (None, "DIN")]
    for gpio, (microphone, amplifier) in zip(I2S_GPIOS, signals, strict=True):
        for part, pad in (("microphone", microphone), ("amplifier", amplifier)):
            if pad:
                assert wire(part, pad).gpio == gpio


def test_wires_on_one_pin_carry_the_same_and_look_the_same():
    looks = {(row.header, row.net, row.colour) for row in WIRES}
    assert len(looks) == len({row.header for row in WIRES})


def test_the_microphone_is_never_given_5_volts():
    assert pins.label_of(wire("microphone", "VDD").header) == "3.3 V"
    assert pins.label_of(wire("amplifier", "VIN").header) == "5 V"


def test_each_kit_of_the_configuration_has_its_lines_for_config_txt():
    files = (HW / "config.txt.d").iterdir()
    assert {path.stem for path in files} == set(get_args(Kit))


@pytest.mark.parametrize("kit", sorted(set(get_args(Kit)) - {"usb"}))
def test_a_snippet_agrees_with_the_wiring_and_says_what_its_card_is_called(kit):
    file = HW / "config.txt.d" / f"{kit}.txt"
    text = file.read_text()
    assert "[all]\n" in text
    assert re.search(r"^dtoverlay=[\w-]+", text, re.M)
    for gpio in re.findall(r"sdmode-pin=(\d+)", text):
        assert int(gpio) == wire("amplifier", "SD").gpio
    card = re.search(r"^# card (\w+)[,:] .*plays", text, re.M)
    assert card is not None
    row = rf"\| \[{re.escape(file.name)}\]\([^)]*\) \|.*\| `{card[1]}` \|"
    assert re.search(row, (HW / "README.md").read_text())
