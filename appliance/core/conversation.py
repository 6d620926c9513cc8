# SPDX-License-Identifier: MIT
"""The values the core decides on: what is being said, owed, heard and wrong."""

from enum import Enum
from typing import Self

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES
from appliance.basics.record import Struct, replace
from appliance.core.answers import Answers
from appliance.core.effects import Effect
from appliance.core.events import PeriodCaptured
from appliance.core.limits import Limits
from appliance.core.liveness import LIMITS_S
from appliance.core.outbox import Outbox
from appliance.core.sentences import Spoken
from appliance.core.signals import Fault, Signal
from appliance.core.talk_mode import HOLD, TalkSettings
from appliance.core.tokens import Spent, Tokens
from appliance.core.tool_call import ToolCall
from appliance.core.utterance import Utterance, is_open
from appliance.core.volume import Volume

#: A period that is this late will not come: the microphone was told dead by then.
OVERDUE_S = LIMITS_S["microphone"] + 0.1


class State(Enum):
    """What the box is doing; derived from a Conversation, never stored."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Link(Enum):
    """The WebSocket, a fact apart from the state."""

    DOWN = "down"
    OPENING = "opening"
    UP = "up"


class Hold(Struct, frozen=True):
    """The button is down, or was until less than a tail ago."""

    pressed_at: float
    #: Audio captured before this instant is not part of what is said.
    since: float
    released_at: float | None = None
    #: None until the press is older than a tap.
    turn: int | None = None
    warned: bool = False
    #: How loud it was, of each 16 ms; looked at from the release on.
    levels: tuple[int, ...] = ()
    #: The speaker has stopped: nothing later belongs to it.
    until: float = float("inf")


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


class Conversation(Struct, frozen=True):
    """All the core knows. Replaced as a whole by `advance`, never changed."""

    limits: Limits
    #: When the user or an answer was last active.
    active_at: float
    #: Nothing sounds from this instant on; None while the speaker sounds.
    quiet_since: float | None
    talk: TalkSettings = HOLD
    #: The speaker has been out of order since then.
    speaker_failed_at: float | None = None
    ready: bool = False
    link: Link = Link.DOWN
    #: Since the box was switched on.
    was_up: bool = False
    #: When a link was last tried.
    tried_at: float = float("-inf")
    #: When one was there for the last time.
    link_lost_at: float = float("-inf")
    faults: frozenset[Fault] = frozenset()
    #: The last periods captured, for the pre-roll.
    recent: tuple[PeriodCaptured, ...] = ()
    hold: Hold | None = None
    microphone: OpenMicrophone | None = None
    #: When the last press was a tap, and over; and how many there were in a row.
    tapped_at: float = float("-inf")
    taps: int = 0
    #: What was said so far is to be forgotten, as soon as it is answered.
    reset_pending: bool = False
    #: What was captured before this instant belongs to an utterance that is over.
    said_until: float = float("-inf")
    #: Said, and not yet begun to be answered; oldest first. Only the last can still
    #: be growing.
    utterances: tuple[Utterance, ...] = ()
    #: The last turn number given out.
    turn: int = 0
    outbox: Outbox = Outbox()
    answers: Answers = Answers()
    answer: Answer | None = None
    #: Tools that run, or whose answer is still to be sent.
    calls: tuple[ToolCall, ...] = ()
    #: Counts what was ordered from the speaker: a drain of an earlier order is stale.
    segment: int = 0
    #: The link must be renewed before this instant.
    expiring_by: float | None = None
    mishap: Signal | None = None
    mishap_until: float = 0.0
    spoken: Spoken = Spoken()
    volume: Volume = Volume()
    #: The service need not know this turn any more, nor those before it.
    forgotten_through: int = 0
    #: What this day has used, and the turn that is being answered as part of it.
    spent: Spent = Spent()
    turn_tokens: Tokens = Tokens()

    @property
    def owed(self) -> tuple[int, ...]:
        """The turns whose answer has not ended on this link, oldest first."""
        return self.answers.turns

    @property
    def state(self) -> State:
        if self.hold:
            return State.LISTENING
        if self.answer:
            return State.SPEAKING
        if self.microphone and not self.microphone.closing:
            return State.LISTENING
        if self.utterances or self.microphone:
            return State.THINKING
        return State.IDLE

    @property
    def turn_open(self) -> bool:
        """The service has heard its beginning, and not its end."""
        streams = self.microphone is not None and self.microphone.sent is not None
        return streams or any(is_open(u) for u in self.utterances)

    @property
    def hears(self) -> bool:
        """What the microphone captures is still to be said."""
        microphone = self.microphone
        return bool(self.hold) or (
            microphone is not None and not is_captured(self, microphone.until)
        )

    @property
    def wants_link(self) -> bool:
        """Something is to be said, or answered."""
        return bool(self.hold or self.microphone or self.utterances)

    @property
    def used_up(self) -> bool:
        """The day's tokens are spent: what has begun goes on, nothing new begins."""
        return Fault.DAILY_LIMIT in self.faults

    @property
    def between_turns(self) -> bool:
        return self.state is State.IDLE and not self.owed


#: What comes of an event: the conversation after it, and what is to be done.
Step = tuple[Conversation, tuple[Effect, ...]]


def start(limits: Limits, now: float, talk: TalkSettings = HOLD) -> Conversation:
    """A box that has just been switched on."""
    return Conversation(limits=limits, active_at=now, quiet_since=now, talk=talk)


def hold_until(hold: Hold, limits: Limits) -> float:
    """The instant at which what is said ends, cut there to the frame."""
    limit = hold.pressed_at + limits.hold_limit_s
    if hold.released_at is None:
        return limit
    return min(limit, hold.released_at + limits.tail_s, hold.until)


def _seconds(pieces: tuple[bytes, ...]) -> float:
    return sum(map(len, pieces)) / FRAME_BYTES / CAPTURE_RATE_HZ


def is_captured(conversation: Conversation, until: float) -> bool:
    """The audio up to `until` is complete."""
    recent = conversation.recent
    return bool(recent) and recent[-1].ended_at >= until


def captured_at(conversation: Conversation, until: float) -> float:
    """When the audio up to `until` was complete, or counts as never coming."""
    if is_captured(conversation, until):
        return conversation.recent[-1].ended_at
    # After a stall of the loop it may still be in the inbox, so the wait begins with
    # the last that was told of anything.
    return max(until, conversation.active_at) + OVERDUE_S
