# SPDX-License-Identifier: MIT
"""How loud the box is: in steps and per cents that an ear takes for even."""

from math import log10
from typing import Self

from appliance.basics.record import Struct, replace

#: One step of a button or a knob, in dB: plainly heard, and not a jump.
_STEP_DB = 3.0
#: From 0 to 100 %. The quietest is no silence: a box must be able to tell its faults.
_RANGE_DB = 40.0


class Volume(Struct, frozen=True):
    """What every frame is multiplied by; turning it never goes beyond `limit`."""

    gain: float = 1.0
    limit: float = 1.0

    @property
    def percent(self) -> int:
        """0 is the quietest that can be set, 100 the loudest."""
        if self.gain <= self._floor:
            return 0
        below_db = 20 * log10(self.limit / self.gain)
        return max(0, round(100 * (1 - below_db / _RANGE_DB)))

    def turned(self, steps: int) -> Self:
        """So many steps louder, or (negative) quieter."""
        return self._at(max(self.gain, self._floor) * _factor(steps * _STEP_DB))

    def set_to(self, percent: float) -> Self:
        """At `percent`; less than 0 is 0, more than 100 is 100."""
        within = min(max(percent, 0.0), 100.0)
        return self._at(self.limit * _factor((within / 100 - 1) * _RANGE_DB))

    @property
    def _floor(self) -> float:
        return self.limit * _factor(-_RANGE_DB)

    def _at(self, gain: float) -> Self:
        return replace(self, gain=min(max(gain, self._floor), self.limit))


def _factor(db: float) -> float:
    """Decibels as a factor; of any number of them."""
    return float(10 ** (min(max(db, -400.0), 400.0) / 20))
