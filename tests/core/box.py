# SPDX-License-Identifier: MIT
"""A box in the test's hand: its clock, button, microphone, speaker and service."""

from array import array
from bisect import bisect_left, bisect_right
from typing import Self, TypeVar

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES
from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.advance import advance, deadline
from appliance.core.conversation import (
    Conversation,
    State,
    start,
)
from appliance.core.limits import Limits
from appliance.core.signals import Earcon, Fault, pattern
from tests.core.wire_audit import NUMBERS, Sent, Wire

LIMITS = Limits(
    pre_roll_s=0.3,
    min_hold_s=0.25,
    tail_s=0.2,
    hold_limit_s=60.0,
    hold_warning_s=5.0,
    turn_gap_s=0.5,
    answer_limit_s=10.0,
    delivery_limit_s=30.0,
    idle_disconnect_s=300.0,
)

PERIOD_FRAMES = 2048
PERIOD_S = PERIOD_FRAMES / CAPTURE_RATE_HZ

#: Some of an answer: a tenth of a second.
SOUND = b"\x55" * 4800

_COUNT = array("H", [n % NUMBERS for n in range(2 * NUMBERS)]).tobytes()

E_ = TypeVar("E_", bound=ef.Effect)


class Tape:
    """Everything the microphone heard: each frame is its number modulo NUMBERS."""

    def __init__(self) -> None:
        self.frames = 0
        self._firsts: list[int] = []
        self._starts: list[float] = []

    def period(self, ended_at: float, frames: int = PERIOD_FRAMES) -> ev.PeriodCaptured:
        first = self.frames % NUMBERS
        self._firsts.append(self.frames)
        self._starts.append(ended_at - frames / CAPTURE_RATE_HZ)
        self.frames += frames
        return ev.PeriodCaptured(_COUNT[2 * first : 2 * (first + frames)], ended_at)

    def taken_at(self, frame: int) -> float:
        """When this frame was captured."""
        i = bisect_right(self._firsts, frame) - 1
        return self._starts[i] + (frame - self._firsts[i]) / CAPTURE_RATE_HZ

    def span(self, sent: Sent, near: float) -> tuple[float, float]:
        """From when until when it was captured; `near` says on which lap."""
        i = max(bisect_left(self._starts, near) - 1, 0)
        around = self._firsts[i] if self._firsts else 0
        lap = round((around - sent.first) / NUMBERS)
        first = sent.first + lap * NUMBERS
        until = self.taken_at(first + sent.frames - 1) + 1 / CAPTURE_RATE_HZ
        return self.taken_at(first), until


class Box:
    """Tells the core what happens and keeps what it orders.

    The clock only moves in `hear` (the microphone works) and `wait` (nothing is
    captured); TimePassed arrives at every deadline, never late.
    """

    def __init__(self, **limits: float) -> None:
        # A whole number of periods, for round figures.
        self.now = 1000 * PERIOD_S
        begun = start(replace(LIMITS, **limits), self.now)
        self.conversation: Conversation = replace(begun, ready=True)
        self.tape = Tape()
        self.wire = Wire(self.conversation.limits.turn_gap_s)
        self.log: list[tuple[float, ef.Effect]] = []
        self.pressed_at = self.now
        self._step: tuple[ef.Effect, ...] = ()
        #: The network takes nothing more.
        self.clogged = False

    def tell(self, *events: ev.Event) -> Self:
        for event in events:
            self.wire.told(event)
            self.conversation, self._step = advance(self.conversation, event, self.now)
            self.wire.ordered(self._step, self.now)
            self.log += [(self.now, effect) for effect in self._step]
            due = deadline(self.conversation)
            assert due is None or due > self.now, "a timer was left behind"
            if not self.clogged:
                self.take()
        return self

    def take(self, orders: int | None = None) -> Self:
        """The network takes so many of the orders that wait, or all."""
        while (waiting := self.conversation.link.outbox.waiting) and orders != 0:
            taken = ev.OrderTaken(waiting[0])
            self.conversation, more = advance(self.conversation, taken, self.now)
            self.wire.ordered(more, self.now)
            self._step += more
            self.log += [(self.now, effect) for effect in more]
            orders = None if orders is None else orders - 1
        return self

    def hear(self, ms: float) -> Self:
        """Time passes, and the microphone hears it."""
        until = self.now + ms / 1000
        first, last = (int(at / PERIOD_S + 1e-6) for at in (self.now, until))
        for n in range(first + 1, last + 1):
            self._pass(n * PERIOD_S).tell(self.tape.period(n * PERIOD_S))
        return self._pass(until)

    def wait(self, s: float) -> Self:
        """Time passes, and nothing is captured."""
        return self._pass(self.now + s)

    def press(self, *, ago_ms: float = 0) -> Self:
        self.pressed_at = self.now - ago_ms / 1000
        return self.tell(ev.TalkPressed(self.pressed_at))

    def release(self, *, ago_ms: float = 0) -> Self:
        return self.tell(ev.TalkReleased(self.now - ago_ms / 1000))

    def tap(self) -> Self:
        return self.press().hear(100).release()

    def say(self, ms: float = 1000) -> Self:
        """A hold, heard to the end of its tail."""
        return self.press().hear(ms).release().hear(400)

    def link_up(self) -> Self:
        return self.tell(ev.LinkOpening(), ev.LinkUp())

    def lose_link(self, fault: Fault | None = None) -> Self:
        return self.tell(ev.LinkLost(fault, "gone"))

    def answer(self) -> Self:
        """A whole answer arrives; it is still to be played out."""
        return self.tell(ev.AnswerAudio(SOUND), ev.AnswerGenerated(), ev.AnswerEnded())

    def drain(self) -> Self:
        """The speaker has played out all that was ordered."""
        return self.tell(
            ev.PlaybackDrained(self.conversation.speaker.segment, self.now)
        )

    @property
    def state(self) -> State:
        return self.conversation.state

    @property
    def pattern(self) -> str:
        return pattern(self.conversation).name

    @property
    def deadline_s(self) -> float | None:
        """How long until the next timer."""
        due = deadline(self.conversation)
        return None if due is None else due - self.now

    @property
    def turn_open(self) -> bool:
        assert self.conversation.turn_open == bool(self.wire.open)
        return self.conversation.turn_open

    def just_ordered(self, kind: type[E_]) -> list[E_]:
        """What the last event led to."""
        return [effect for effect in self._step if isinstance(effect, kind)]

    def ordered(self, kind: type[E_]) -> list[E_]:
        return [effect for _, effect in self.log if isinstance(effect, kind)]

    def ordered_at(self, kind: type[ef.Effect]) -> list[float]:
        return [at for at, effect in self.log if isinstance(effect, kind)]

    @property
    def earcons(self) -> list[Earcon]:
        return [effect.earcon for effect in self.ordered(ef.PlayEarcon)]

    @property
    def turns(self) -> list[str]:
        """The turns on the wire, such as ["open 1", "close 1"]."""
        words = {ef.OpenTurn: "open", ef.CloseTurn: "close"}
        return [
            f"{words[type(effect)]} {effect.turn}"
            for _, effect in self.log
            if isinstance(effect, ef.OpenTurn | ef.CloseTurn)
        ]

    @property
    def sent_s(self) -> float:
        """How much audio was ordered to be sent."""
        return sum(
            len(order.pcm) / FRAME_BYTES / CAPTURE_RATE_HZ
            for order in self.ordered(ef.SendAudio)
        )

    @property
    def said(self) -> tuple[float, float]:
        """What the last turn carried, in ms after the last press."""
        since, until = self.tape.span(self.wire.turns[-1], self.pressed_at)
        return (
            round((since - self.pressed_at) * 1000, 1),
            round((until - self.pressed_at) * 1000, 1),
        )

    def forget(self) -> Self:
        """Look only at what is ordered from now on."""
        self.log.clear()
        return self

    def _pass(self, until: float) -> Self:
        steps = 0
        while (due := deadline(self.conversation)) is not None and due <= until:
            self.now = max(self.now, due)
            self.tell(ev.TimePassed())
            steps += 1
            assert steps < 100, "the timers never end"
        self.now = until
        return self


def idle() -> Box:
    return Box().link_up().hear(1000)


def listening() -> Box:
    return idle().press().hear(1000)


def thinking() -> Box:
    return idle().say()


def speaking() -> Box:
    return thinking().tell(ev.AnswerAudio(SOUND))


STATES = {
    State.IDLE: idle,
    State.LISTENING: listening,
    State.THINKING: thinking,
    State.SPEAKING: speaking,
}
