# SPDX-License-Identifier: MIT
"""The talk button and the LED, on mock pins."""

import asyncio
from collections.abc import Iterator

import gpiozero
import pytest

from appliance.core.signals import Signal
from appliance.demo.demo import Panel
from appliance.doctor import pins
from appliance.doctor.context import Context
from tests.doctor.fixture import CONFIG, FAIL, OK, box, examined
from tests.rig.waiting import in_loop


@pytest.fixture
def panel() -> Iterator[Panel]:
    yield Panel(17, active_low=True)
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = None


def asking(ask) -> Context:
    """A context that calls `ask` when somebody is to press."""
    context = box()
    return Context(context.config, context.machine, context.card, False, ask)


@in_loop
async def test_a_press_is_seen_with_its_length(panel):
    def press(request: str) -> None:
        assert "within 10 s" in request
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, panel.press)
        loop.call_later(0.25, panel.release)

    found = await pins.examine_button(asking(press))
    assert found.verdict is OK
    assert found.text.startswith("GPIO 17: held for ")
    assert found.figures["held_ms"] >= 100


@in_loop
async def test_a_button_that_nobody_presses_fails(panel, monkeypatch):
    monkeypatch.setattr(pins, "PRESS_LIMIT_S", 0.1)
    found = await pins.examine_button(asking(lambda request: None))
    assert found.verdict is FAIL
    assert found.text == "GPIO 17: no press seen in 0.1 s"
    assert "between GPIO 17 and ground" in found.mend


@in_loop
async def test_a_button_that_is_never_let_go_fails(panel, monkeypatch):
    monkeypatch.setattr(pins, "PRESS_LIMIT_S", 0.3)
    found = await pins.examine_button(asking(lambda request: panel.press()))
    assert (found.verdict, found.text) == (FAIL, "GPIO 17: pressed and never let go")
    assert "active_low = false" in found.mend


def test_a_button_to_the_supply_is_to_be_wired_so():
    wanted = CONFIG.button.changed(active_low=False)
    found = pins.judge_button(pins.Press(0.0), wanted)
    assert "between GPIO 17 and 3.3 V" in found.mend


@in_loop
async def test_the_lines_are_free_after_the_examination(panel, monkeypatch):
    monkeypatch.setattr(pins, "PRESS_LIMIT_S", 0.05)
    monkeypatch.setattr(pins, "_BLINKS_S", 0.05)
    for _ in range(2):
        await pins.examine_button(asking(lambda request: None))
        assert (await pins.examine_led(box())).verdict is OK


def test_the_led_blinks_three_times(panel):
    pin = gpiozero.Device.pin_factory.pin(CONFIG.led.gpio)
    pin.clear_states()
    found = examined(pins.examine_led, box())
    assert found.verdict is OK
    lit = [round(state.state, 3) for state in pin.states]
    assert sum(a < b for a, b in zip(lit, lit[1:], strict=False)) == 3
    assert pin.state == 0


@pytest.mark.parametrize("examine", [pins.examine_button, pins.examine_led])
def test_a_line_that_cannot_be_claimed_fails(monkeypatch, examine):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    found = examined(examine, box())
    assert found.verdict is FAIL
    assert "gpio" in found.text
    assert "gpioinfo" in found.mend


@pytest.mark.parametrize(("name", "verdict"), [("libgpiod", OK), ("lgpio", FAIL)])
def test_the_library_that_reads_the_lines_is_named_with_its_cost(
    monkeypatch, name, verdict
):
    monkeypatch.setattr(pins, "library", lambda: name)
    found = examined(pins.examine_library, box())
    assert (found.verdict, name in found.text) == (verdict, True)
    assert ("1,500 times a second" in found.text) == (name == "lgpio")


def test_without_a_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    found = examined(pins.examine_library, box())
    assert (found.verdict, found.signal) == (FAIL, Signal.GPIO)
    assert "python3-libgpiod" in found.mend
