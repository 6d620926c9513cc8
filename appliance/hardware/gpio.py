# SPDX-License-Identifier: MIT
"""Claims the box's GPIO lines; one clear line when one cannot be had."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import gpiozero

from appliance.basics.errors import EXIT_CONFIG, ApplianceError


class GpioUnavailable(ApplianceError):
    """No GPIO library or chip, or the line is taken; it may be had later.

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


def claim_led(gpio: int) -> gpiozero.PWMLED:
    """A dimmable LED on line `gpio` (BCM number). Raises as claim_button."""
    with _claiming(f"[led] gpio = {gpio}"):
        return gpiozero.PWMLED(gpio)


def claim_encoder(a_gpio: int, b_gpio: int) -> gpiozero.RotaryEncoder:
    """A knob that turns for ever, on two lines. Raises as claim_button."""
    with _claiming(f"[volume] encoder_a_gpio = {a_gpio}, encoder_b_gpio = {b_gpio}"):
        return gpiozero.RotaryEncoder(a_gpio, b_gpio, max_steps=0)


@contextmanager
def _claiming(setting: str) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as fallbacks:
        # Others, such as those of lgpio's own import, say nothing about the line.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", gpiozero.PinFactoryFallback)
        try:
            yield
        except gpiozero.PinInvalidPin as error:
            raise GpioUnknown(f"{setting}: {error}") from error
        except Exception as error:
            # Any: each GPIO library has errors of its own (lgpio.error, OSError, …).
            # gpiozero warns why it could not use lgpio, then fails for another reason.
            reason = fallbacks[0].message if fallbacks else error
            raise GpioUnavailable(
                f"{setting}: {str(reason) or type(error).__name__}; "
                "is python3-lgpio installed, the user in the group gpio, "
                "and the line free (`gpioinfo`)?"
            ) from error
