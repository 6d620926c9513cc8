# SPDX-License-Identifier: MIT
"""A front panel without a Pi: gpiozero's mock pins, with a finger on the button."""

from appliance.hardware.gpio import mock_pins


class Panel:
    """Makes the process's pins mock pins, and presses the one of the talk button.

    Build it before the service, which then opens the same pins.

    Threads: the event loop's only.
    """

    def __init__(self, talk_gpio: int, *, active_low: bool) -> None:
        pin = mock_pins().pin(talk_gpio)
        self.press, self.release = (
            (pin.drive_low, pin.drive_high)
            if active_low
            else (pin.drive_high, pin.drive_low)
        )
