# SPDX-License-Identifier: MIT
"""The talk button and the LED, as the service claims them."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from appliance.config.sections import ButtonSection
from appliance.core.events import TalkPressed, TalkReleased
from appliance.core.led_pattern import blinks
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, ok, setting
from appliance.hardware.gpio import GpioUnavailable, GpioUnknown, library
from appliance.service import build_hardware
from appliance.service.inbox import Inbox

PRESS_LIMIT_S = 10.0
_BLINKS, _BLINKS_S = 3, 1.6
_LINES = "gpioinfo; sudo apt install python3-libgpiod; sudo usermod -aG gpio $USER"
#: Measured in a booted machine (tests/e2e, `rest`): all threads of a resting box.
_LGPIO_COST = "wakes the processor 1,500 times a second at rest, libgpiod 35"


@dataclass(frozen=True, slots=True)
class Press:
    """The edges seen at the button, in monotonic seconds; None if not seen."""

    watched_from: float
    pressed_at: float | None = None
    released_at: float | None = None


async def examine_library(_: Context) -> Result:
    try:
        name = library()
    except GpioUnavailable as error:
        return unavailable(error)
    if name == "lgpio":
        return fail(
            f"lgpio reads the lines, which {_LGPIO_COST}",
            "sudo apt install python3-libgpiod (2 or newer: Debian 13)",
        )
    return ok(f"{name} reads the lines", library=name)


def unavailable(error: GpioUnavailable | GpioUnknown) -> Result:
    return fail(str(error), _LINES, Signal.GPIO)


async def examine_button(context: Context) -> Result:
    wanted = context.config.button
    inbox = Inbox(asyncio.get_running_loop())
    try:
        button = build_hardware.talk_button(context.config, inbox.post)
    except (GpioUnavailable, GpioUnknown) as error:
        return unavailable(error)
    context.ask(f"Press the talk button, and let go, within {PRESS_LIMIT_S:g} s.")
    running = asyncio.create_task(button.run())
    try:
        return judge_button(await _watch(inbox), wanted)
    finally:
        running.cancel()
        button.close()


async def _watch(inbox: Inbox) -> Press:
    """The first press and release, as far as they come within the limit."""
    watched_from, pressed_at = time.monotonic(), None
    deadline = watched_from + PRESS_LIMIT_S
    while time.monotonic() < deadline:
        match await inbox.next(deadline):
            case TalkPressed(at):
                pressed_at = at
            case TalkReleased(at):
                return Press(watched_from, pressed_at, at)
    return Press(watched_from, pressed_at)


def judge_button(press: Press, wanted: ButtonSection) -> Result:
    line = f"GPIO {wanted.talk_gpio}"
    other = "ground" if wanted.active_low else "3.3 V"
    if press.pressed_at is None:
        return fail(
            f"{line}: no press seen in {PRESS_LIMIT_S:g} s",
            f"pinctrl get {wanted.talk_gpio}, while it is held; the button belongs "
            f"between {line} and {other}",
        )
    if press.released_at is None:
        return fail(
            f"{line}: pressed and never let go",
            f"pinctrl get {wanted.talk_gpio}; look for a short to {other}; or "
            + setting("button", "active_low", str(not wanted.active_low).lower()),
        )
    held_ms = round(1000 * (press.released_at - press.pressed_at))
    waited_s = press.pressed_at - press.watched_from
    return ok(
        f"{line}: held for {held_ms} ms", held_ms=held_ms, waited_s=round(waited_s, 2)
    )


async def examine_led(context: Context) -> Result:
    try:
        led = build_hardware.status_led(context.config)
    except (GpioUnavailable, GpioUnknown) as error:
        return unavailable(error)
    led.show(blinks(_BLINKS))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BLINKS_S):
            await led.run()
    led.close()
    return ok(
        f"GPIO {context.config.led.gpio} has blinked {_BLINKS} times; "
        "if it stayed dark: long leg to the GPIO, short leg by the resistor to ground"
    )
