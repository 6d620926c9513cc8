# SPDX-License-Identifier: MIT
"""How much of an answer must be there before it begins to play.

Little, where the line is even: each period of it is a wait that the user hears. The
arrivals of each answer show how much would have been enough, and the next one begins
with that, as WebRTC's NetEQ follows the jitter of its packets. Pure: instants are
monotonic seconds, lengths are of sound.
"""

from typing import Self

from appliance.basics.record import Struct, replace

#: What keeps an answer for longer is no jitter, but a tool or a thought.
_MOST_S = 0.5
#: Of what was more than enough, this part goes with each answer. A tenth would save
#: 5 ms of the wait on a line with stalls, for three times as many gaps
#: (tests/bench/replay).
_DECAY = 0.05
#: Where the line was uneven at all, the next answer may be a little worse.
_MARGIN_S = 0.04


class Arrivals(Struct, frozen=True):
    """What has arrived of one answer, and when."""

    first_at: float
    received_s: float = 0.0
    #: So long after its first part it should have begun, to play without a gap.
    delay_s: float = 0.0
    #: What had been received when, of the time that matters: (after the first, length).
    early: tuple[tuple[float, float], ...] = ()

    def add(self, at: float, length_s: float) -> Self:
        """One more part."""
        elapsed_s = at - self.first_at
        received_s = self.received_s + length_s
        early = self.early
        if elapsed_s <= _MOST_S:
            early = (*early, (elapsed_s, received_s))
        # It is late, if all before it has been played by then.
        late_s = elapsed_s - self.received_s
        return replace(
            self,
            received_s=received_s,
            delay_s=max(self.delay_s, late_s),
            early=early,
        )

    @property
    def needed_s(self) -> float | None:
        """With this much sound at the beginning it would have played without a gap;
        None if nothing would have been enough."""
        if self.delay_s > _MOST_S:
            return None
        before = (sound_s for at_s, sound_s in self.early if at_s < self.delay_s)
        return max(before, default=0.0)


class Prefill(Struct, frozen=True):
    """So much sound begins an answer."""

    now_s: float
    #: Not below a period; None: it never changes.
    least_s: float | None = None

    def after(self, arrivals: Arrivals) -> Self:
        """For the answer after one that arrived so."""
        needed_s = arrivals.needed_s
        if self.least_s is None or needed_s is None:
            return self
        needed_s = max(needed_s + (needed_s > 0) * _MARGIN_S, self.least_s)
        too_much_s = self.now_s - needed_s
        if too_much_s > _MARGIN_S / 2:
            needed_s = self.now_s - too_much_s * _DECAY
        return replace(self, now_s=needed_s)

    def underran(self) -> Self:
        """The rest of this answer begins with more: one longer pause, not many."""
        if self.least_s is None:
            return self
        return replace(self, now_s=max(self.now_s, min(2 * self.now_s, _MOST_S)))
