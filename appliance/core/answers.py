# SPDX-License-Identifier: MIT
"""The ledger of answers: what the service owes, and whose answer it is that arrives.

The wire does not number answers, it only keeps their order: they come one after the
other, in the order in which turns were closed. So what arrives belongs to the first
answer that has not ended, and this file is the only place that knows which one that is.

    asked    the turn was closed; its answer is the last of those that are expected
    taken    the network has taken all of the turn; nothing answers it before that
    begun    the first of its answer has arrived
    hushed   it may not sound any more, but its end still has to come
    ended    turnComplete arrived

Turn 0 stands for what the service may say unasked, or not: after a tool's answer, say.
It gets the number of a turn when it begins.
"""

from typing import Self

from appliance.basics.record import Struct, replace

#: The service cannot answer yet what it has only just heard.
_ROUND_TRIP_S = 0.3


class Expected(Struct, frozen=True):
    """An answer whose end has not come."""

    turn: int
    taken: bool = True
    begun: bool = False
    #: There was sound in it.
    audible: bool = False


class Answers(Struct, frozen=True):
    """What this link still owes, and what may not sound on any."""

    #: Oldest first. A boolean fails here: an answer in flight when the user talks over
    #: it would be taken for the next one.
    expected: tuple[Expected, ...] = ()
    #: The service interrupted itself; the next end belongs to that.
    interrupted: bool = False
    #: When the network had taken the end of the last turn of this link; inf as long as
    #: it has not.
    closed_at: float = float("-inf")
    #: Until then the service may begin what was hushed before it began.
    unasked_until: float = float("-inf")
    #: When the service last showed that it works on one.
    progressed_at: float = float("-inf")
    #: So many in a row came to nothing; the session goes on with the next link.
    failed: int = 0
    #: No answer to this turn or an earlier one may sound any more, on no link.
    hushed_through: int = 0

    @property
    def turns(self) -> tuple[int, ...]:
        return tuple(e.turn for e in self.expected)

    @property
    def unbegun(self) -> tuple[int, ...]:
        return tuple(e.turn for e in self.expected if not e.begun)

    @property
    def begun(self) -> bool:
        """The first has begun to arrive."""
        return bool(self.expected) and self.expected[0].begun

    @property
    def hushed(self) -> bool:
        """The first may not sound."""
        return bool(self.expected) and not self.may_sound(self.expected[0].turn)

    def may_sound(self, turn: int) -> bool:
        """The answer to `turn` was not hushed."""
        return turn > self.hushed_through

    def ask(self, turn: int) -> Self:
        """`turn` was closed. What nobody had asked for is not waited for any more."""
        expected = (*self.without_unasked().expected, Expected(turn, taken=False))
        return replace(self, expected=expected, closed_at=float("inf"))

    def take(self, turn: int, now: float) -> Self:
        """The network has taken all of `turn`."""
        taken = tuple(
            replace(e, taken=True) if e.turn == turn else e for e in self.expected
        )
        closed_at = now if all(e.taken for e in taken) else self.closed_at
        return replace(self, expected=taken, closed_at=closed_at)

    def expect(self, *turns: int) -> Self:
        """Nothing else is going on: what comes next answers these, without a turn."""
        return replace(self, expected=tuple(Expected(turn) for turn in turns))

    def may_come(self) -> Self:
        """The service may say something unasked, after what it says already."""
        return replace(self, expected=(*self.expected, Expected(0)))

    def without_unasked(self) -> Self:
        """What the service has not begun to say unasked is not waited for any more."""
        asked = tuple(e for e in self.expected if e.turn or e.begun)
        return replace(self, expected=asked)

    def name(self, turn: int) -> Self:
        """What is about to be said unasked is `turn` from now on."""
        first, *rest = self.expected
        return replace(self, expected=(replace(first, turn=turn), *rest))

    def begin(self, *, audible: bool) -> Self:
        """Some of an answer has arrived, with sound in it or without."""
        first, *rest = self.expected
        first = replace(first, begun=True, audible=first.audible or audible)
        return replace(self, expected=(first, *rest))

    def progress(self, now: float) -> Self:
        """The service shows that it works on an answer."""
        return replace(self, progressed_at=now)

    def interrupt(self) -> Self:
        """The service interrupted itself."""
        return replace(self, interrupted=True)

    def end_older(self) -> Self:
        """What has ended is none of those that are expected."""
        return replace(self, interrupted=False)

    def judge(self, refusal: bool, failure_if_silent: bool) -> Self:
        """Count a failure if what ends was refused, or wrongly silent."""
        audible = self.begun and self.expected[0].audible
        if audible and not refusal:
            return replace(self, failed=0)
        return replace(self, failed=self.failed + (refusal or failure_if_silent))

    def end(self) -> Self:
        """The first is over."""
        return replace(self, expected=self.expected[1:], interrupted=False)

    def hush(self, turn: int, until: float) -> Self:
        """No answer up to `turn` may sound. What had not begun unasked may come all the
        same, `until` then."""
        asked = replace(self.without_unasked(), hushed_through=turn)
        late = asked.expected != self.expected
        return replace(asked, unasked_until=until) if late else asked

    def hush_through(self, turn: int) -> Self:
        """No answer up to `turn` may sound, also if it begins later."""
        return replace(self, hushed_through=max(turn, self.hushed_through))

    def leave_link(self) -> Self:
        """The link is gone, and what it owed; what was hushed stays so."""
        return type(self)(hushed_through=self.hushed_through, failed=self.failed)

    def is_of_older(self, now: float) -> bool:
        """What arrives cannot be of the first yet. Either that is still being taken by
        the network; or it was only just closed, while the service could still say what
        was hushed before it began: in flight, that arrives after the next turn."""
        first, *rest = self.expected
        if not first.taken:
            return True
        only = not (rest or first.begun or self.hushed)
        return only and now < min(self.unasked_until, self.closed_at + _ROUND_TRIP_S)

    def ends_older(self, turn_open: bool) -> bool:
        """An end that comes now is not of the first. Only the start of a later turn
        interrupts an answer: interrupted and ended without one, and with nothing in
        between, it is an older answer that ends."""
        talked_over = turn_open or len(self.expected) > 1
        return self.interrupted and not self.begun and not talked_over

    def preceded(self) -> Self | None:
        """If something unasked is due behind the first, which has not begun: what ended
        was that one. None if it was the first."""
        first, *rest = self.expected
        if first.turn and rest and not (first.begun or any(e.turn for e in rest)):
            return replace(self, expected=(first, *rest[1:]))
        return None
