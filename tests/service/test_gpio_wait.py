# SPDX-License-Identifier: MIT
"""A box whose lines cannot be had yet waits for them, and says so."""

import asyncio
import logging

import gpiozero
import pytest

from appliance.config.file import Config
from appliance.core.signals import TABLE, Signal
from appliance.hardware.gpio import (
    GpioUnavailable,
    GpioUnknown,
    claim_button,
    mock_pins,
)
from appliance.service.build_hardware import status_led
from appliance.service.gpio_wait import until_claimed
from tests.rig.waiting import in_loop, until

CONFIG, TALK = Config(), 17


@pytest.fixture
def pins():
    yield mock_pins()
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = None


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("appliance.service.gpio_wait._RETRY_AFTER_S", 0.3)


def led():
    return status_led(CONFIG)


def claim():
    return claim_button(TALK, active_low=True, bounce_s=None)


@in_loop
async def test_while_a_line_is_taken_the_led_blinks_and_the_journal_says_so_once(
    pins, caplog
):
    taken = claim()
    waiting = asyncio.create_task(until_claimed(claim, led))
    light = pins.pin(CONFIG.led.gpio)
    for level in (1, 0, 1, 0, 1):
        await until(lambda level=level: light.state == level)
    taken.close()
    (await waiting).close()
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert TABLE[Signal.GPIO].message_id == record.MESSAGE_ID
    assert "[button] talk_gpio = 17: pin GPIO17 is already in use" in record.message
    assert light.state == 0


@in_loop
async def test_without_an_led_either_it_waits_in_the_dark(monkeypatch, caplog):
    tries = iter([GpioUnavailable("no chip"), GpioUnavailable("no chip"), None])

    def build() -> str:
        if error := next(tries):
            raise error
        return "a box"

    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    assert await until_claimed(build, led) == "a box"
    assert len(caplog.records) == 1


@in_loop
async def test_a_line_that_does_not_exist_is_not_waited_for(pins):
    with pytest.raises(GpioUnknown):
        await until_claimed(
            lambda: claim_button(99, active_low=True, bounce_s=None), led
        )
