# SPDX-License-Identifier: MIT
"""What was ordered to be sent on this link, and how much the network has taken.

A bounded queue, seen from its near end: the link says what was taken, order by order,
so that nothing piles up unseen on a slow line. What waits for room stays where it is
kept anyway, in an utterance or with the open microphone, and is forgotten only once it
was taken.
"""

from typing import Self

from appliance.basics.pcm import CAPTURE_RATE_HZ, seconds
from appliance.basics.record import Struct, replace
from appliance.core.effects import Order, SendAudio
from appliance.core.errors import Impossible

#: As much audio may wait to be taken: enough that the line never waits for the box.
_ROOM_S = 1.0


class Outbox(Struct, frozen=True):
    """Orders of this link that the network has not taken yet, oldest first."""

    waiting: tuple[Order, ...] = ()
    #: When the line last took something, or was first given something to take.
    moved_at: float = float("-inf")

    @property
    def room_s(self) -> float:
        """So much more audio may be ordered, in seconds; not above 0: none."""
        return _ROOM_S - sum(
            seconds(order.pcm, CAPTURE_RATE_HZ)
            for order in self.waiting
            if isinstance(order, SendAudio)
        )

    def order(self, order: Order, now: float) -> Self:
        """Add what the link was told to send."""
        moved_at = self.moved_at if self.waiting else now
        return replace(self, waiting=(*self.waiting, order), moved_at=moved_at)

    def take(self, order: Order, now: float) -> Self:
        """The network has taken `order`. Raises Impossible: it is not the oldest."""
        if self.waiting[:1] != (order,):
            state = [type(waiting).__name__ for waiting in self.waiting]
            raise Impossible(f"{type(order).__name__} was taken; ordered: {state}")
        return replace(self, waiting=self.waiting[1:], moved_at=now)


def fitting(pieces: tuple[bytes, ...], room_s: float) -> tuple[bytes, ...]:
    """The first of `pieces`, s16le mono at 16 kHz, until the room is used up."""
    for count, piece in enumerate(pieces):
        if room_s <= 0:
            return pieces[:count]
        room_s -= seconds(piece, CAPTURE_RATE_HZ)
    return pieces
