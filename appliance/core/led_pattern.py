# SPDX-License-Identifier: MIT
"""Light over time: what one dimmable LED can tell."""

from appliance.basics.record import Struct


class Glow(Struct, frozen=True):
    """Move the brightness to `level` over `fade_s`, then keep it for `hold_s`."""

    #: 0..1 of [led] brightness; None is [led] idle_brightness.
    level: float | None
    for_s: float
    fade_s: float = 0.0


class LedPattern(Struct, frozen=True):
    """Steps repeated for ever; a single step is steady."""

    name: str
    steps: tuple[Glow, ...]


def blinks(count: int) -> LedPattern:
    """`count` blinks, a pause, again."""
    blink = (Glow(1.0, 0.2), Glow(0.0, 0.25))
    return LedPattern(
        f"{count}-blink", blink * (count - 1) + (blink[0], Glow(0.0, 1.4))
    )


TRIPLE_BLINK = LedPattern(
    "triple-blink", (Glow(1.0, 0.08), Glow(0.0, 0.08)) * 2 + (Glow(1, 0.08), Glow(0, 9))
)
