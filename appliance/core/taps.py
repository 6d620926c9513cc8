# SPDX-License-Identifier: MIT
"""How many taps in a row there were: two or three of them are a gesture."""

from typing import Self

from appliance.basics.record import Struct

#: Taps that are no further apart are one gesture. A hold never waits for another tap.
_NEXT_TAP_S = 0.5


class Taps(Struct, frozen=True):
    """The taps of one gesture so far."""

    count: int = 0
    #: When the last press that was a tap was over.
    last_at: float = float("-inf")

    @property
    def over_at(self) -> float:
        """A tap after this instant is the first of another gesture."""
        return self.last_at + _NEXT_TAP_S

    def add(self, at: float) -> Self:
        """One more of this gesture, or the first of another."""
        return type(self)(self.count + 1 if at <= self.over_at else 1, at)
