# SPDX-License-Identifier: MIT
"""What a virtual card's speaker has played, by the card's own clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.simulator.virtual_card import Start, VirtualCard


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence inside of a sound; instants are monotonic seconds."""

    at: float
    seconds: float


class Tape:
    """Every sample that is not zero, and when it was played.

    Made for answers of which no sample is zero: what is zero in one is a gap. `since`
    is the byte at which the tape is read.
    """

    def __init__(self, card: VirtualCard, since: int = 0) -> None:
        samples = np.frombuffer(card.heard(since), "<i2")
        sounding = np.flatnonzero(samples) + since // 2
        self._at = _instants(sounding, card.starts("speaker"))

    def first_after(self, at: float) -> float | None:
        """When the first sample after that instant was played."""
        index = np.searchsorted(self._at, at)
        return float(self._at[index]) if index < len(self._at) else None

    def last_before(self, at: float) -> float | None:
        """When the last sample before that instant was played."""
        index = np.searchsorted(self._at, at)
        return float(self._at[index - 1]) if index else None

    def gaps(self, since: float, until: float, least_s: float) -> list[Gap]:
        """Each pause of at least so many seconds between two samples."""
        first, last = np.searchsorted(self._at, (since, until))
        at = self._at[first:last]
        pauses = np.diff(at)
        return [
            Gap(float(at[i]), float(pauses[i]))
            for i in np.flatnonzero(pauses >= least_s)
        ]

    def seconds(self, since: float, until: float, rate_hz: int) -> float:
        """How much sound there was."""
        first, last = np.searchsorted(self._at, (since, until))
        return float(last - first) / rate_hz


def _instants(frames: np.ndarray, starts: Sequence[Start]) -> np.ndarray:
    """When each frame was played; a stream that is started anew has another clock."""
    at = np.empty(len(frames))
    bounds = [*np.searchsorted(frames, [s.frame for s in starts]), len(frames)]
    for start, first, last in zip(starts, bounds, bounds[1:], strict=False):
        at[first:last] = start.at + (frames[first:last] - start.frame) * start.frame_s
    return at
