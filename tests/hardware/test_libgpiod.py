# SPDX-License-Identifier: MIT
"""gpiozero's pins on libgpiod, on a stand-in of the character device below it.

The booted machine (tests/e2e) has the real ones.
"""

import asyncio
import errno
import sys
import time
from collections import deque
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from appliance.core.events import TalkPressed, TalkReleased, VolumeTurned
from appliance.core.led_pattern import Glow, LedPattern
from appliance.hardware import libgpiod, pwm
from appliance.hardware.button import TalkButton
from appliance.hardware.gpio import GpioUnavailable, claim_button, claim_led, library
from appliance.hardware.led import StatusLed
from appliance.hardware.volume import VolumeKnobs
from tests.hardware.gpiod_device import Device, Kernel
from tests.hardware.posted import Posted
from tests.rig.waiting import in_loop, until

TALK, LED, A, B = 17, 27, 5, 6


def boot(monkeypatch, **devices: Device) -> None:
    """This machine has these GPIO chips."""
    for module, name in (
        (libgpiod, "glob"),
        (libgpiod.gpiod, "request_lines"),
        (libgpiod.gpiod, "Chip"),
    ):
        # So that they are put back.
        monkeypatch.setattr(module, name, getattr(module, name))
    Kernel(**devices).install()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)


@pytest.fixture
def chip(monkeypatch) -> Iterator[Device]:
    device = Device("pinctrl-bcm2711")
    boot(monkeypatch, gpiochip0=device)
    yield device
    device.error = 0
    gpiozero.Device.pin_factory.close()
    assert not device.requests


def talk_button(posted: Posted, *, active_low: bool = True) -> TalkButton:
    return TalkButton(pin=TALK, active_low=active_low, bounce_ms=10, post=posted)


# --- Edges ---


@pytest.mark.parametrize("active_low", [True, False])
@in_loop
async def test_an_edge_wakes_the_loop_and_is_posted(chip, active_low):
    posted = Posted()
    button = talk_button(posted, active_low=active_low)
    chip.drive(TALK, not active_low)
    await posted.first(TalkPressed)
    chip.drive(TALK, active_low)
    await posted.first(TalkReleased)
    assert [type(event) for event in posted] == [TalkPressed, TalkReleased]
    button.close()


@in_loop
async def test_the_kernel_pulls_and_debounces(chip):
    button = talk_button(Posted())
    settings = chip.requests[TALK].settings
    assert settings.bias is libgpiod.Bias.PULL_UP
    assert settings.debounce_period.total_seconds() == 0.01
    button.close()
    button = talk_button(Posted(), active_low=False)
    assert chip.requests[TALK].settings.bias is libgpiod.Bias.PULL_DOWN
    button.close()


@in_loop
async def test_a_knob_turned_while_the_loop_stands_still_is_read_in_order(chip):
    posted = Posted()
    knob = VolumeKnobs(up_gpio=0, down_gpio=0, encoder_gpios=(A, B), post=posted)
    for _ in range(12):
        for line, level in ((A, False), (B, False), (A, True), (B, True)):
            chip.drive(line, level)
    await until(lambda: len(posted) == 12)
    assert posted == [VolumeTurned(1)] * 12
    knob.close()


@in_loop
async def test_a_closed_line_is_free_and_reported_no_more(chip):
    posted = Posted()
    talk_button(posted).close()
    assert not chip.requests
    button = talk_button(posted)
    chip.drive(TALK, False)
    await posted.first(TalkPressed)
    assert len(posted) == 1
    button.close()


@in_loop
async def test_a_chip_that_vanishes_ends_the_button_and_does_not_spin_the_loop(chip):
    button = talk_button(Posted())
    running = asyncio.create_task(button.run())
    await asyncio.sleep(0)
    chip.error = errno.ENODEV
    chip.requests[TALK].hang_up()
    with pytest.raises(
        GpioUnavailable, match=r"^GPIO17: No such device; is /dev/gpioc"
    ):
        await running
    assert (
        not asyncio.get_running_loop()._selector.get_map().get(chip.requests[TALK].fd)
    )
    button.close()


@in_loop
async def test_a_pin_answers_as_gpiozero_expects_of_each(chip):
    library()
    device = gpiozero.DigitalInputDevice(22, pull_up=None, active_state=True)
    pin, seen = device.pin, []
    assert (pin.function, pin.pull, pin.bounce, pin.edges) == (
        "input", "floating", None, "both"
    )  # fmt: skip
    for edges in ("none", "falling", "rising"):
        pin.edges = edges
        device.when_activated = lambda: seen.append(pin.edges)
        chip.drive(22, True)
        await asyncio.sleep(0.01)
        chip.drive(22, False)
    assert seen == ["rising"]
    with pytest.raises(gpiozero.PinSetInput):
        pin.state = 1
    with pytest.raises(gpiozero.PinInvalidPull):
        pin.pull = "sideways"
    device.close()


# --- The light ---


@in_loop
async def test_on_and_off_are_written_once_and_no_thread_wakes(chip):
    light = claim_led(LED)
    for level in (1, 0, 1):
        light.value = level
    # Of them one is the line's first level.
    assert [level for level, _ in list(chip.requests[LED].writes)[-3:]] == [
        True,
        False,
        True,
    ]
    assert gpiozero.Device.pin_factory.pin(LED)._pwm._thread is None
    light.close()


@in_loop
async def test_a_level_in_between_is_pulsed_for_as_long_as_it_lasts(chip, monkeypatch):
    naps: deque[float] = deque(maxlen=1000)

    def nap(seconds: float) -> None:
        naps.append(seconds)
        time.sleep(0.001)

    monkeypatch.setattr(pwm, "time", SimpleNamespace(sleep=nap))
    light = claim_led(LED)
    request = chip.requests[LED]
    light.value = 0.25
    await until(lambda: len(naps) >= 4)
    assert sum(list(naps)[:2]) == pytest.approx(1 / pwm.FREQUENCY_HZ)
    assert list(naps)[:3:2] == [0.25 / pwm.FREQUENCY_HZ] * 2
    assert {level for level, _ in request.writes} == {True, False}
    light.value = 1
    count = len(request.writes)
    await asyncio.sleep(0.05)
    assert (request.written, len(request.writes)) == (True, count)
    light.close()


@in_loop
async def test_a_light_at_rest_that_cannot_be_dimmed_for_nothing_shows_a_sign_of_life(
    chip,
):
    light = StatusLed(pin=LED, brightness=1.0, idle_brightness=0.05)
    glowing = asyncio.create_task(light.run())
    light.show(LedPattern("idle", (Glow(None, 0.0),)))
    request = chip.requests[LED]
    await until(lambda: len(request.writes) >= 4)
    await asyncio.sleep(0.1)
    (_, (lit, at), (dark, then)) = list(request.writes)[-3:]
    assert (lit, dark) == (True, False)
    assert then - at < 0.1
    glowing.cancel()
    light.close()


@in_loop
async def test_a_closed_light_is_an_input_and_dark(chip):
    light = claim_led(LED)
    light.value = 1
    request = chip.requests[LED]
    light.close()
    assert request.settings.direction is libgpiod.Direction.INPUT
    assert not chip.requests


# --- Which chip, and what cannot be had ---


@pytest.mark.parametrize("label", ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"])
def test_the_header_is_found_by_label_whatever_its_number(monkeypatch, label):
    others = {f"gpiochip{n}": Device(f"gpio-brcmstb@{n}") for n in (0, 1, 10)}
    boot(monkeypatch, **others, gpiochip4=Device(label))
    assert libgpiod.header_chip() == "/dev/gpiochip4"


def unavailable(claim) -> str:
    with pytest.raises(GpioUnavailable) as raised:
        claim()
    text = str(raised.value)
    assert "\n" not in text
    return text.removeprefix("[led] gpio = 27: ")


def led_unavailable() -> str:
    return unavailable(lambda: claim_led(LED))


def test_a_machine_without_a_chip_says_so(monkeypatch):
    boot(monkeypatch)
    assert led_unavailable() == "there is no /dev/gpiochip*; is this a Raspberry Pi?"


def test_a_machine_whose_chips_are_others_names_them(monkeypatch):
    boot(monkeypatch, gpiochip0=Device("INTC1055:00"))
    assert "header: /dev/gpiochip0 is INTC1055:00" in led_unavailable()


def test_a_chip_that_is_not_for_this_user_says_so(monkeypatch):
    shut = Device("pinctrl-rp1")
    shut.error = errno.EACCES
    boot(monkeypatch, gpiochip0=shut)
    text = led_unavailable()
    assert "/dev/gpiochip0: Permission denied" in text
    assert "group gpio" in text


@pytest.mark.parametrize("consumer", ["spi0 CS1", ""])
def test_a_line_in_use_names_who_has_it(chip, consumer):
    chip.consumers[LED] = consumer
    holder = consumer or "the kernel"
    assert led_unavailable().startswith(f'"{holder}" has it (`gpioinfo`); free it, or')


def test_a_chip_that_is_shut_after_it_was_found_says_so(chip):
    library()
    chip.error = errno.EPERM
    assert led_unavailable() == (
        "/dev/gpiochip0: Operation not permitted; is the user in the group gpio (`id`)?"
    )


def test_a_line_that_the_chip_does_not_have_is_told(monkeypatch):
    boot(monkeypatch, gpiochip0=Device("pinctrl-rp1", lines=20))
    assert led_unavailable() == "/dev/gpiochip0 has no line 27"


def test_a_line_with_a_resistor_is_not_pulled_the_other_way(chip):
    text = unavailable(lambda: claim_button(2, active_low=False, bounce_s=None))
    assert "GPIO2 has a resistor that pulls it up" in text


@pytest.fixture(params=["none", "1.6"])
def no_libgpiod_2(request, monkeypatch) -> None:
    """libgpiod 1 is one module, not a package."""
    boot(monkeypatch)
    monkeypatch.delitem(sys.modules, "appliance.hardware.libgpiod")
    for name in [name for name in sys.modules if name.startswith("gpiod.")]:
        monkeypatch.delitem(sys.modules, name)
    one = None if request.param == "none" else ModuleType("gpiod")
    monkeypatch.setitem(sys.modules, "gpiod", one)


def test_without_libgpiod_2_lgpio_reads_the_lines(no_libgpiod_2, monkeypatch):
    instead = ModuleType("gpiozero.pins.lgpio")
    instead.LGPIOFactory = type("LGPIOFactory", (MockFactory,), {})
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", instead)
    assert library() == "lgpio"


def test_where_lgpio_cannot_tell_the_board_the_line_says_what_can(
    no_libgpiod_2, monkeypatch
):
    def unknown():
        raise gpiozero.PinUnknownPi("unable to locate Pi revision")

    instead = ModuleType("gpiozero.pins.lgpio")
    instead.LGPIOFactory = unknown
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", instead)
    with pytest.raises(GpioUnavailable) as refusal:
        claim_led(27)
    assert str(refusal.value).startswith("[led] gpio = 27: lgpio must know which")
    assert str(refusal.value).endswith("sudo apt install python3-libgpiod")


def test_without_either_library_it_says_what_to_install(no_libgpiod_2, monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    assert led_unavailable() == (
        "there is neither libgpiod 2 nor lgpio: sudo apt install python3-libgpiod"
    )


def test_libgpiod_is_preferred(chip):
    assert library() == "libgpiod"
