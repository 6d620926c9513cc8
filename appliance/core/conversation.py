# SPDX-License-Identifier: MIT
"""The one value the core decides on: what is being said, owed, heard and wrong."""

from collections.abc import Callable, Iterator
from enum import Enum

from appliance.basics.record import Struct
from appliance.core.answers import Answers
from appliance.core.capture import Capture, Hold, OpenMicrophone, PreRoll
from appliance.core.effects import Effect
from appliance.core.limits import Limits
from appliance.core.link import Link, Session
from appliance.core.liveness import LIMITS_S
from appliance.core.sentences import Spoken
from appliance.core.signals import Fault, Signal
from appliance.core.speaker import Answer, Speaker
from appliance.core.talk_mode import HOLD, TalkSettings
from appliance.core.taps import Taps
from appliance.core.tokens import Budget
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


class Mishap(Struct, frozen=True):
    """What went wrong with one utterance, and until when the LED shows it."""

    signal: Signal
    until: float


class Conversation(Struct, frozen=True):
    """All the core knows. Replaced as a whole by `advance`, never changed."""

    limits: Limits
    #: When the user, the service or a tool last did something in a turn.
    active_at: float
    speaker: Speaker
    talk: TalkSettings = HOLD
    ready: bool = False
    faults: frozenset[Fault] = frozenset()
    mishap: Mishap | None = None
    link: Link = Link()
    session: Session = Session()
    capture: Capture | None = None
    pre_roll: PreRoll = PreRoll()
    taps: Taps = Taps()
    #: Said, and not yet begun to be answered; oldest first. Only the last can still
    #: be growing.
    utterances: tuple[Utterance, ...] = ()
    #: The last turn number given out.
    turn: int = 0
    answers: Answers = Answers()
    #: Tools that run, or whose answer is still to be sent.
    calls: tuple[ToolCall, ...] = ()
    spoken: Spoken = Spoken()
    volume: Volume = Volume()
    budget: Budget = Budget()

    @property
    def hold(self) -> Hold | None:
        return self.capture if isinstance(self.capture, Hold) else None

    @property
    def microphone(self) -> OpenMicrophone | None:
        """The open microphone, or one that is closing."""
        return self.capture if isinstance(self.capture, OpenMicrophone) else None

    @property
    def answer(self) -> Answer | None:
        """What is being played."""
        return self.speaker.answer

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
            microphone is not None and self.pre_roll.ended_at < microphone.until
        )

    @property
    def wants_link(self) -> bool:
        """Something is to be said, or answered."""
        return bool(self.capture or self.utterances)

    @property
    def used_up(self) -> bool:
        """The day's tokens are spent: what has begun goes on, nothing new begins."""
        return Fault.DAILY_LIMIT in self.faults

    @property
    def between_turns(self) -> bool:
        return self.state is State.IDLE and not self.owed

    @property
    def calm(self) -> bool:
        """Nothing is being answered, so the link may be renewed; though to an open
        microphone somebody may be talking."""
        # Of what a tool has answered the service may never speak.
        asked = any(not u.call for u in self.utterances)
        open_only = self.microphone and not (self.owed or self.answer or asked)
        return self.between_turns or bool(open_only)


#: What follows from an event: the conversation after it, and what is to be done.
Step = tuple[Conversation, tuple[Effect, ...]]
#: What a timer leads to.
Reaction = Callable[[Conversation, float], Step]
#: What will happen by itself, and when: in the order of their priority.
Timers = Iterator[tuple[float, Reaction]]
#: The instant of a timer that is due as soon as it is there.
AT_ONCE = 0.0


def start(limits: Limits, now: float, talk: TalkSettings = HOLD) -> Conversation:
    """A box that has just been switched on."""
    return Conversation(limits, active_at=now, speaker=Speaker(now), talk=talk)


def captured_at(conversation: Conversation, until: float) -> float:
    """When the audio up to `until` was complete, or counts as never coming."""
    ended_at = conversation.pre_roll.ended_at
    if ended_at >= until:
        return ended_at
    # After a stall of the loop it may still be in the inbox, so the wait begins with
    # the last that was told of anything.
    return max(until, conversation.active_at) + OVERDUE_S
