# SPDX-License-Identifier: MIT
import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from appliance.hardware.gpio import (
    GpioUnavailable,
    GpioUnknown,
    claim_button,
    claim_led,
)

ADVICE = "; is the user in the group gpio, and the line free (`gpioinfo`)?"


def test_a_line_that_is_taken_is_told_in_one_line(pins):
    button = claim_button(17, active_low=True, bounce_s=None)
    with pytest.raises(GpioUnavailable) as raised:
        claim_led(17)
    button.close()
    text = str(raised.value)
    assert text.startswith("[led] gpio = 17: pin GPIO17 is already in use by ")
    assert text.endswith(ADVICE)
    assert "\n" not in text


def test_a_line_that_does_not_exist_is_told(pins):
    with pytest.raises(GpioUnknown) as raised:
        claim_button(99, active_low=True, bounce_s=0.01)
    assert str(raised.value) == "[button] talk_gpio = 99: 99 is not a valid pin name"


def test_an_error_without_words_goes_by_its_name(pins):
    gpiozero.Device.pin_factory = MockFactory(pin_class=MockPin)
    with pytest.raises(GpioUnavailable, match="gpio = 12: PinPWMUnsupported;"):
        claim_led(12)
