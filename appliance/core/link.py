# SPDX-License-Identifier: MIT
"""The link to the service, and the session that goes on from link to link: as the core
knows them."""

from enum import Enum
from typing import Self

from appliance.basics.record import Struct, replace
from appliance.core.outbox import Outbox


class LinkState(Enum):
    """How far the WebSocket is."""

    DOWN = "down"
    OPENING = "opening"
    UP = "up"


class Link(Struct, frozen=True):
    """One link after the other; only one at a time."""

    state: LinkState = LinkState.DOWN
    #: One was up since the box was switched on.
    was_up: bool = False
    #: When one was last tried, and when one that was up was last left or lost.
    tried_at: float = float("-inf")
    left_at: float = float("-inf")
    #: It must be renewed before this instant.
    expiring_by: float = float("inf")
    outbox: Outbox = Outbox()

    @property
    def is_up(self) -> bool:
        return self.state is LinkState.UP

    @property
    def is_down(self) -> bool:
        """None is there, and none is being opened."""
        return self.state is LinkState.DOWN

    def open(self) -> Self:
        """One was ordered."""
        return replace(self, state=LinkState.OPENING)

    def try_at(self, now: float) -> Self:
        """One is being tried."""
        return replace(self, state=LinkState.OPENING, tried_at=now)

    def come_up(self) -> Self:
        """The service has accepted it."""
        never = float("inf")
        return replace(self, state=LinkState.UP, was_up=True, expiring_by=never)

    def expire(self, by: float) -> Self:
        """It will be cut at `by`: the earliest of several counts."""
        return replace(self, expiring_by=min(by, self.expiring_by))

    def leave(self, now: float) -> Self:
        """It is gone, and what it was told to send."""
        return replace(
            self,
            state=LinkState.DOWN,
            left_at=now if self.is_up else self.left_at,
            expiring_by=float("inf"),
            outbox=Outbox(),
        )


class Session(Struct, frozen=True):
    """What the service remembers of what was said."""

    #: What was said so far is to be forgotten, as soon as it is answered.
    ends: bool = False
    #: The service need not know this turn any more, nor those before it.
    forgotten_through: int = 0

    def end(self) -> Self:
        return replace(self, ends=True)

    def forget(self, turn: int) -> Self:
        """The next link begins another session."""
        return replace(self, ends=False, forgotten_through=turn)
