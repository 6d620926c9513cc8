# SPDX-License-Identifier: MIT
"""Volume controls: a pair of buttons, a rotary encoder, both or neither."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from appliance.core.events import Event, VolumeTurned
from appliance.hardware.gpio import claim_button, claim_encoder

_BOUNCE_S = 0.01


class VolumeKnobs:
    """Posts VolumeTurned.

    All switch to ground; a line of 0 is not wired. Edges are not checked against the
    level: one that is lost costs a step.

    Threads: the event loop's; with lgpio, posts from gpiozero's.
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
        with ExitStack() as claimed:
            for gpio, key, steps in (
                (up_gpio, "[volume] up_gpio", 1),
                (down_gpio, "[volume] down_gpio", -1),
            ):
                if gpio:
                    button = claim_button(
                        gpio, active_low=True, bounce_s=_BOUNCE_S, key=key
                    )
                    claimed.callback(button.close)
                    button.when_activated = partial(self._turn, steps)
            if all(encoder_gpios):
                encoder = claim_encoder(*encoder_gpios)
                claimed.callback(encoder.close)
                encoder.when_rotated_clockwise = partial(self._turn, 1)
                encoder.when_rotated_counter_clockwise = partial(self._turn, -1)
            self._claimed = claimed.pop_all()

    def close(self) -> None:
        """Release the lines."""
        self._claimed.close()

    def _turn(self, steps: int) -> None:
        self._post(VolumeTurned(steps))
