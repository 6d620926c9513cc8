# SPDX-License-Identifier: MIT
"""What is to be said to the service, kept until its answer begins."""

from typing import Self

from appliance.basics.record import Struct, replace
from appliance.core.tool_call import ToolCall


class Utterance(Struct, frozen=True):
    """What was said in one hold, or what the box itself has to say."""

    turn: int
    #: s16le mono at 16 kHz, in order, without a gap.
    pieces: tuple[bytes, ...] = ()
    #: Some frame is not zero. A microphone that works always hears some noise.
    audible: bool = False
    #: When it was complete, or failed after that; None while it is being said.
    ended_at: float | None = None
    #: Pieces sent on this link, None before OpenTurn.
    sent: int | None = None
    #: CloseTurn was ordered on this link.
    closed: bool = False
    #: When the network had taken all of it: from then on an answer is waited for.
    awaited_since: float | None = None
    #: Links that failed it.
    failures: int = 0
    #: Not said by the user: it is the box that tells the service this.
    text: str = ""
    #: A promise to speak of what this tool in the background has answered.
    call: ToolCall | None = None

    @property
    def is_promise(self) -> bool:
        """An answer is waited for, but what it answers is not kept: it has set a tool
        to work, or it is what a tool has answered."""
        return self.closed and not (self.pieces or self.text)

    def grow(self, piece: bytes) -> Self:
        """More of it was said."""
        audible = self.audible or any(piece)
        return replace(self, pieces=(*self.pieces, piece), audible=audible)

    def restart_wait(self, now: float) -> Self:
        """What has waited for a tool now waits for the service."""
        taken, complete = self.awaited_since is not None, self.ended_at is not None
        return replace(
            self,
            awaited_since=now if taken else None,
            ended_at=now if complete and not self.closed else self.ended_at,
        )

    def leave_link(self, was_up_until: float | None, *, failed: bool) -> Self:
        """It is to be sent whole on the next link. If this one was up, it has waited
        for the next one since then only."""
        complete = self.ended_at is not None
        return replace(
            self,
            ended_at=self.ended_at
            if was_up_until is None or not complete
            else was_up_until,
            sent=None,
            closed=False,
            awaited_since=None,
            failures=self.failures + failed,
        )


def promise(turn: int, now: float, call: ToolCall | None = None) -> Utterance:
    """From now on an answer is waited for."""
    return Utterance(
        turn,
        audible=True,
        ended_at=now,
        sent=0,
        closed=True,
        awaited_since=now,
        call=call,
    )


def without(utterances: tuple[Utterance, ...], turn: int) -> tuple[Utterance, ...]:
    """All of them but that of `turn`."""
    return tuple(u for u in utterances if u.turn != turn)


def is_sent(utterance: Utterance) -> bool:
    """Part of it was sent on this link."""
    return utterance.sent is not None


def is_open(utterance: Utterance) -> bool:
    """Its turn is open on the wire."""
    return utterance.sent is not None and not utterance.closed
