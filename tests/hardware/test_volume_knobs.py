# SPDX-License-Identifier: MIT
"""Volume buttons and encoder, on mock pins."""

import pytest

from appliance.core.events import VolumeTurned
from appliance.hardware.gpio import GpioUnavailable, claim_led
from appliance.hardware.volume import VolumeKnobs
from tests.hardware.posted import Posted

UP, DOWN, A, B = 22, 23, 5, 6


def knobs(posted: Posted, *, up=0, down=0, encoder=(0, 0)) -> VolumeKnobs:
    return VolumeKnobs(up_gpio=up, down_gpio=down, encoder_gpios=encoder, post=posted)


def turn(pins, *, clockwise: bool) -> None:
    """One detent: both lines go to ground and back, one ahead of the other."""
    first, second = (A, B) if clockwise else (B, A)
    for pin, low in ((first, True), (second, True), (first, False), (second, False)):
        (pins.pin(pin).drive_low if low else pins.pin(pin).drive_high)()


def test_the_buttons_turn_up_and_down_by_a_step(pins):
    posted = Posted()
    two = knobs(posted, up=UP, down=DOWN)
    pins.pin(UP).drive_low()
    pins.pin(UP).drive_high()
    assert posted == [VolumeTurned(1)]
    pins.pin(DOWN).drive_low()
    pins.pin(DOWN).drive_high()
    assert posted == [VolumeTurned(1), VolumeTurned(-1)]
    two.close()


@pytest.mark.parametrize(("clockwise", "steps"), [(True, 1), (False, -1)])
def test_each_detent_of_an_encoder_is_a_step_and_it_never_ends(pins, clockwise, steps):
    posted = Posted()
    one = knobs(posted, encoder=(A, B))
    for _ in range(40):
        turn(pins, clockwise=clockwise)
    assert posted == [VolumeTurned(steps)] * 40
    one.close()


def test_lines_that_are_not_configured_are_left_alone(pins):
    nothing = knobs(Posted())
    assert not pins.pins
    nothing.close()


def test_a_line_that_is_taken_is_told_by_its_key(pins):
    led = claim_led(DOWN)
    with pytest.raises(GpioUnavailable, match=r"^\[volume\] down_gpio = 23: pin GPIO2"):
        knobs(Posted(), down=DOWN)
    led.close()
    led = claim_led(B)
    with pytest.raises(GpioUnavailable, match=r"encoder_a_gpio = 5, encoder_b_gpio ="):
        knobs(Posted(), encoder=(A, B))
    led.close()


def test_closed_lines_are_free_again(pins):
    knobs(Posted(), up=UP, down=DOWN, encoder=(A, B)).close()
    knobs(Posted(), up=UP, down=DOWN, encoder=(A, B)).close()
