# SPDX-License-Identifier: MIT
"""What is captured: by a hold, by an open microphone, or only as pre-roll."""

from typing import Self

from appliance.basics.pcm import CAPTURE_RATE_HZ, seconds
from appliance.basics.record import Struct, replace
from appliance.core.events import PeriodCaptured
from appliance.core.limits import Limits


class Hold(Struct, frozen=True):
    """The button is down, or was until less than a tail ago."""

    pressed_at: float
    #: Audio captured before this instant is not part of what is said.
    since: float
    released_at: float | None = None
    #: None until the press is older than a tap.
    turn: int | None = None
    #: The user was warned of the limit that is near.
    warned: bool = False
    #: How loud it was, of each 16 ms; looked at from the release on.
    levels: tuple[int, ...] = ()
    #: The user has stopped talking: nothing captured later belongs to it.
    until: float = float("inf")

    def ends_at(self, limits: Limits) -> float:
        """The instant at which what is said ends, cut there to the frame."""
        limit = self.pressed_at + limits.hold_limit_s
        if self.released_at is None:
            return limit
        return min(limit, self.released_at + limits.tail_s, self.until)


class OpenMicrophone(Struct, frozen=True):
    """Hands-free: what is heard goes to the service, until a press or a limit."""

    #: The number of the stretch from opening to closing.
    turn: int
    #: Audio captured before this instant is not sent.
    since: float
    #: Nor is what was captured after this one: it closes, once all else is sent.
    until: float = float("inf")
    #: What is not answered yet: s16le mono at 16 kHz, in order.
    pieces: tuple[bytes, ...] = ()
    #: Pieces ordered to be sent on this link, None before the first.
    sent: int | None = None
    #: Pieces that the network has taken of these.
    taken: int = 0
    #: So many seconds of what waits do so for want of a link, or for a tool: that is
    #: not the line's fault.
    excused_s: float = 0.0
    #: The last press, and when an answer was last heard since then.
    pressed_at: float = float("-inf")
    heard_at: float = float("-inf")
    #: The user was warned of the limit that is near.
    warned: bool = False

    @property
    def closing(self) -> bool:
        return self.until < float("inf")

    @property
    def unsent(self) -> tuple[bytes, ...]:
        """What is still to be ordered."""
        return self.pieces[self.sent or 0 :]

    @property
    def behind_s(self) -> float:
        """How much the network has not taken."""
        return _seconds(self.pieces[self.taken :])

    @property
    def carried_s(self) -> float:
        """How much the network has taken, and is not answered."""
        return _seconds(self.pieces[: self.taken])

    def without_oldest(self) -> Self:
        """Without the first piece, which the network has taken."""
        assert self.sent
        sent, taken = self.sent - 1, self.taken - 1
        return replace(self, pieces=self.pieces[1:], sent=sent, taken=taken)

    def take(self, pcm: bytes) -> Self:
        """The network has taken `pcm`, if it is the next piece: what was heard before
        this microphone was opened may still be on its way."""
        if self.sent is None or self.taken == self.sent:
            return self
        if self.pieces[self.taken] is not pcm:
            return self
        taken = replace(self, taken=self.taken + 1)
        return replace(taken, excused_s=min(self.excused_s, taken.behind_s))

    def answered(self) -> Self:
        """What the network had taken has arrived, and is being answered."""
        if self.sent is None:
            return self
        pieces, sent = self.pieces[self.taken :], self.sent - self.taken
        return replace(self, pieces=pieces, sent=sent, taken=0)

    def hear_answer(self, at: float) -> Self:
        """The limit begins again: somebody may be listening."""
        return replace(self, heard_at=at, warned=False)

    def leave_link(self) -> Self:
        """All that is not answered is to be sent on the next link."""
        again_s = _seconds(self.pieces[: self.taken])
        excused_s = self.excused_s + again_s
        return replace(self, sent=None, taken=0, excused_s=excused_s)


#: A press does one of them, as the way to talk has it.
Capture = Hold | OpenMicrophone


class PreRoll(Struct, frozen=True):
    """The last periods captured: a press makes them part of what is said."""

    periods: tuple[PeriodCaptured, ...] = ()
    #: What was captured before this instant belongs to an utterance that is over.
    said_until: float = float("-inf")

    @property
    def ended_at(self) -> float:
        """When the last period was complete."""
        return self.periods[-1].ended_at if self.periods else float("-inf")

    def add(self, period: PeriodCaptured, kept_s: float) -> Self:
        """Keep `period`, and what is not older than `kept_s`."""
        oldest = period.ended_at - kept_s
        kept = tuple(p for p in self.periods if p.ended_at > oldest)
        return replace(self, periods=(*kept, period))


def _seconds(pieces: tuple[bytes, ...]) -> float:
    return sum(seconds(piece, CAPTURE_RATE_HZ) for piece in pieces)
