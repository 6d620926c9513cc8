# SPDX-License-Identifier: MIT
"""Claims GPIO lines; one clear line of text when one cannot be had."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gpiozero

from appliance.basics.errors import EXIT_CONFIG, ApplianceError


class GpioUnavailable(ApplianceError):
    """No GPIO library or chip, or the line is in use; a later try may succeed.

    The text is one line that says what to do.
    """


class GpioUnknown(ApplianceError):
    """The board has no such line."""

    exit_code = EXIT_CONFIG


def claim_button(
    gpio: int,
    *,
    active_low: bool,
    bounce_s: float | None,
    key: str = "[button] talk_gpio",
) -> gpiozero.DigitalInputDevice:
    """A button on line `gpio` (BCM number), which `key` of the configuration names.

    Raises GpioUnavailable, GpioUnknown.
    """
    # Not gpiozero.Button: its thread that looks for long holds wakes up ten times a
    # second, and makes close() of a held button wait for one.
    with _claiming(f"{key} = {gpio}"):
        return gpiozero.DigitalInputDevice(
            gpio, pull_up=active_low, bounce_time=bounce_s
        )


def claim_led(gpio: int, key: str = "[led] gpio") -> gpiozero.PWMLED:
    """A dimmable LED on line `gpio` (BCM number), which `key` of the configuration
    names. Raises as claim_button."""
    with _claiming(f"{key} = {gpio}"):
        return gpiozero.PWMLED(gpio)


def claim_encoder(a_gpio: int, b_gpio: int) -> gpiozero.RotaryEncoder:
    """A knob without end stops, on two lines. Raises as claim_button."""
    with _claiming(f"[volume] encoder_a_gpio = {a_gpio}, encoder_b_gpio = {b_gpio}"):
        return gpiozero.RotaryEncoder(a_gpio, b_gpio, max_steps=0)


def mock_pins() -> Any:
    """gpiozero's MockFactory, for the whole process: lines that are not there."""
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    gpiozero.Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    return gpiozero.Device.pin_factory


def wakes_at_rest(led: gpiozero.PWMLED) -> bool:
    """Whether a level between 0 and 1 costs wake-ups for as long as it lasts."""
    return bool(getattr(led.pin, "pulses", False))


def library() -> str:
    """What reads the lines of this box: "libgpiod", "lgpio", or another's class.

    Raises GpioUnavailable.
    """
    with _claiming("GPIO"):
        name = type(gpiozero.Device.pin_factory).__name__
    return {"LibgpiodFactory": "libgpiod", "LGPIOFactory": "lgpio"}.get(name, name)


@contextmanager
def _claiming(setting: str) -> Iterator[None]:
    try:
        _choose_library()
        yield
    except gpiozero.PinInvalidPin as error:
        raise GpioUnknown(f"{setting}: {error}") from error
    except GpioUnavailable as error:
        raise GpioUnavailable(f"{setting}: {error}") from error
    except gpiozero.PinUnknownPi as error:
        raise GpioUnavailable(
            f"{setting}: lgpio must know which Raspberry Pi this is, and the kernel "
            "does not say; libgpiod need not: sudo apt install python3-libgpiod"
        ) from error
    except Exception as error:
        # Any: each GPIO library has errors of its own (lgpio.error, OSError, …).
        raise GpioUnavailable(
            f"{setting}: {str(error) or type(error).__name__}; "
            "is the user in the group gpio, and the line free (`gpioinfo`)?"
        ) from error


def _choose_library() -> None:
    """libgpiod 2, else lgpio; GPIOZERO_PIN_FACTORY overrides both.

    Not gpiozero's own choice: it ends with a library that needs /dev/mem.
    """
    device = gpiozero.Device
    if device.pin_factory is not None:
        return
    if "GPIOZERO_PIN_FACTORY" in os.environ:
        device.ensure_pin_factory()
    else:
        device.pin_factory = _libgpiod() or _lgpio()


def _libgpiod() -> Any:
    """None without libgpiod 2. Raises GpioUnavailable."""
    try:
        from appliance.hardware.libgpiod import LibgpiodFactory
    except ImportError:
        return None
    return LibgpiodFactory()


def _lgpio() -> Any:
    try:
        with warnings.catch_warnings():
            # Of its import: they say nothing about the line.
            warnings.simplefilter("ignore")
            from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise GpioUnavailable(
            "there is neither libgpiod 2 nor lgpio: sudo apt install python3-libgpiod"
        ) from error
    return LGPIOFactory()
