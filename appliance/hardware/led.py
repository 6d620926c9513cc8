# SPDX-License-Identifier: MIT
"""Shows a pattern of light on the status LED."""

import itertools
import time
from collections.abc import Iterator, Sequence

from appliance.basics.record import replace
from appliance.core.led_pattern import Glow, LedPattern
from appliance.hardware.alarm import Alarm
from appliance.hardware.gpio import claim_led, wakes_at_rest

FADE_STEP_S = 0.04
#: Until it is told what to show.
_DARK = LedPattern("dark", (Glow(0.0, 0.0),))
#: Steady at the idle brightness.
_REST = Glow(None, 0.0)
#: Instead of a dim light that would keep the processor awake.
_SIGN_OF_LIFE = (Glow(1.0, 0.02), Glow(0.0, 4.0))


class StatusLed:
    """The LED on GPIO line `pin`, dimmed to `brightness`, or `idle_brightness` (0..1).

    At rest it costs nothing: where a dim light would, it flashes every 4 s instead.

    Threads: one, the event loop's.
    """

    def __init__(self, *, pin: int, brightness: float, idle_brightness: float) -> None:
        """Raises GpioUnavailable."""
        self._brightness = brightness
        self._idle_brightness = idle_brightness
        self._pattern = _DARK
        #: Ends the level that is being shown.
        self._changed = Alarm()
        self._led = claim_led(pin)
        self._is_costly = wakes_at_rest(self._led)

    def show(self, pattern: LedPattern) -> None:
        """Show `pattern` from now on; the pattern already shown keeps its rhythm."""
        if pattern != self._pattern:
            self._pattern = pattern
            self._changed.ring()

    def dim(self, brightness: float, idle_brightness: float) -> None:
        """Change the levels (0..1) from now on."""
        self._brightness, self._idle_brightness = brightness, idle_brightness
        self._changed.ring()

    async def run(self) -> None:
        """Show the current pattern, for ever."""
        while True:
            for level, keep_s in brightness_steps(self._steps(), self._led.value):
                self._led.value = level
                until = None if keep_s is None else time.monotonic() + keep_s
                if await self._changed.wait(until):
                    break

    def close(self) -> None:
        """Turn it off, and release the line."""
        self._led.close()

    def _steps(self) -> tuple[Glow, ...]:
        steps = self._pattern.steps
        if steps == (_REST,) and 0.0 < self._idle_brightness < 1.0 and self._is_costly:
            steps = _SIGN_OF_LIFE
        return tuple(replace(step, level=self._level(step)) for step in steps)

    def _level(self, step: Glow) -> float:
        if step.level is None:
            return self._idle_brightness
        return step.level * self._brightness


def brightness_steps(
    steps: Sequence[Glow], level: float
) -> Iterator[tuple[float, float | None]]:
    """The levels that follow `level`, each with the seconds to keep it.

    Endless, unless the light comes to rest: there the seconds are None.
    """
    for step in itertools.cycle(steps):
        ticks = round(step.fade_s / FADE_STEP_S)
        target = step.level or 0.0
        for tick in range(1, ticks + 1):
            # Ends on the target to the bit: a hair above 1 is an error to gpiozero.
            faded = target - (target - level) * (ticks - tick) / ticks
            yield faded, step.fade_s / ticks
        level = target
        if len(steps) == 1:
            yield level, None
            return
        if step.for_s or not ticks:
            yield level, step.for_s
