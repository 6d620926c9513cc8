# SPDX-License-Identifier: MIT
"""What sounds: the answer that is being played, and since when it is quiet."""

from typing import Self

from appliance.basics.record import Struct, replace
from appliance.core.limits import ANSWER_TIMEOUT_S
from appliance.core.signals import Signal

#: After the DAC fell silent the room still sounds for this long.
_ROOM_S = 0.1


class Answer(Struct, frozen=True):
    """An answer that is being played; gone once it is drained or dropped."""

    turn: int
    #: When its last part arrived.
    arrived_at: float
    #: There is sound in it.
    audible: bool = False
    #: It has arrived whole: the buffer was told to drain.
    draining: bool = False
    #: What to tell the user once it has drained: its end never came.
    aftermath: Signal | None = None


class Speaker(Struct, frozen=True):
    """What the speaker was told to play, and whether it still does."""

    #: Nothing sounds from this instant on; None while something does.
    quiet_since: float | None
    answer: Answer | None = None
    #: Counts the orders: a drain of an earlier one is stale.
    segment: int = 0
    #: It has been out of order since then.
    failed_at: float | None = None

    @property
    def given_up_at(self) -> float:
        """When what waits for a speaker that is out of order will not be played any
        more: after a short fault it goes on."""
        failed_at = float("inf") if self.failed_at is None else self.failed_at
        return failed_at + ANSWER_TIMEOUT_S

    def sound(self) -> Self:
        """One more order to play something."""
        return replace(self, segment=self.segment + 1, quiet_since=None)

    def play(self, turn: int, now: float, *, audible: bool) -> Self:
        """Some of the answer to `turn` is there, with sound in it or without."""
        audible |= self.answer is not None and self.answer.audible
        return replace(self.sound(), answer=Answer(turn, now, audible))

    def drain(self, aftermath: Signal | None = None) -> Self:
        """The answer is to be played out, then `aftermath` to be told."""
        assert self.answer
        answer = replace(self.answer, draining=True, aftermath=aftermath)
        return replace(self, answer=answer, segment=self.segment + 1)

    def drop(self, now: float) -> Self:
        """All that was ordered is discarded."""
        quiet_since = self.quiet_since
        if quiet_since is None:
            quiet_since = now + _ROOM_S
        segment = self.segment + 1
        return replace(self, answer=None, quiet_since=quiet_since, segment=segment)

    def fall_silent(self, at: float) -> Self:
        """All that was ordered has been played, and is over `at`."""
        return replace(self, answer=None, quiet_since=at + _ROOM_S)
