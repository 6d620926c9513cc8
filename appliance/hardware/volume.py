# SPDX-License-Identifier: MIT
"""Reads what turns the volume: a pair of buttons, a rotary encoder, both or neither."""

from collections.abc import Callable
from functools import partial
from typing import Any

from appliance.core.events import Event, VolumeTurned
from appliance.hardware.gpio import claim_button, claim_encoder

_BOUNCE_S = 0.01


class VolumeKnobs:
    """Posts VolumeTurned.

    All switch to ground; a line of 0 is not there. Edges are taken as they come: one
    that gets lost costs a step.

    Threads: built and closed on the event loop; posts from gpiozero's.
    """

    def __init__(
        self,
        *,
        up_gpio: int,
        down_gpio: int,
        encoder_gpios: tuple[int, int],
        post: Callable[[Event], None],
    ) -> None:
        """Raises GpioUnavailable, GpioUnknown."""
        self._post = post
        self._claimed: list[Any] = []
        claim = partial(claim_button, active_low=True, bounce_s=_BOUNCE_S)
        if up_gpio:
            up = claim(up_gpio, key="[volume] up_gpio")
            up.when_activated = partial(self._turn, 1)
            self._claimed.append(up)
        if down_gpio:
            down = claim(down_gpio, key="[volume] down_gpio")
            down.when_activated = partial(self._turn, -1)
            self._claimed.append(down)
        if all(encoder_gpios):
            encoder = claim_encoder(*encoder_gpios)
            encoder.when_rotated_clockwise = partial(self._turn, 1)
            encoder.when_rotated_counter_clockwise = partial(self._turn, -1)
            self._claimed.append(encoder)

    def close(self) -> None:
        """Let go of the lines."""
        for device in self._claimed:
            device.close()

    def _turn(self, steps: int) -> None:
        self._post(VolumeTurned(steps))
