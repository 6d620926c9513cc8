# SPDX-License-Identifier: MIT
"""Facts the conversation is told, in the past tense. `at` is time.monotonic()."""

from appliance.basics.record import Struct
from appliance.core.effects import Order
from appliance.core.limits import Limits
from appliance.core.signals import Fault
from appliance.core.talk_mode import TalkSettings
from appliance.core.tokens import Tokens
from appliance.core.volume import Volume


class TalkPressed(Struct, frozen=True):
    at: float


class TalkReleased(Struct, frozen=True):
    at: float


class PeriodCaptured(Struct, frozen=True):
    """One microphone period: s16le mono at 16 kHz, its last frame taken `ended_at`."""

    pcm: bytes
    ended_at: float


class CaptureOverran(Struct, frozen=True):
    """The microphone lost frames between two periods (an xrun)."""

    at: float


class PlaybackStarted(Struct, frozen=True):
    """The first frame after silence was handed to the card; heard `at`."""

    at: float


class PlaybackSilenced(Struct, frozen=True):
    """A drop took effect: the DAC is silent from `at` on."""

    at: float


class PlaybackUnderran(Struct, frozen=True):
    """The jitter buffer ran dry before it was told to drain, or the card did."""

    at: float


class PlaybackDrained(Struct, frozen=True):
    """All that was ordered up to `segment` has been played out; silent from `at`."""

    segment: int
    at: float


class LinkOpening(Struct, frozen=True):
    pass


class LinkUp(Struct, frozen=True):
    """setupComplete arrived; `resumed` if with a handle."""

    resumed: bool = False


class LinkLost(Struct, frozen=True):
    """The link is gone, or could not be opened.

    `fault` is what the user is shown, None for a loss that needs no action.
    """

    fault: Fault | None
    reason: str


class LinkExpiring(Struct, frozen=True):
    """The link will be cut at `by`: renew it before, best between two turns."""

    by: float


class OrderTaken(Struct, frozen=True):
    """The network has taken this order, and those that came before it."""

    order: Order


class AnswerAudio(Struct, frozen=True):
    """Part of an answer: s16le mono at 24 kHz; a frame may be split between two."""

    pcm: bytes


class AnswerProgressed(Struct, frozen=True):
    """The service works on an answer and says so, without a sound of it: a thought,
    or the word that it is in progress."""


class AnswerPaused(Struct, frozen=True):
    """turnComplete after a part of the answer: the service goes on with it later."""


class AnswerGenerated(Struct, frozen=True):
    """The service has sent all of the answer; its end is still to come."""


class AnswerInterrupted(Struct, frozen=True):
    """The service cut its own answer short; AnswerEnded follows."""


class AnswerEnded(Struct, frozen=True):
    """turnComplete; `reason` only when the turn ended abnormally."""

    reason: str = ""


class TranscriptHeard(Struct, frozen=True):
    """A piece of text: what the user said, or (`spoken`) what was answered."""

    text: str
    spoken: bool


class TokensCounted(Struct, frozen=True):
    """What the turn that is being answered has used so far."""

    tokens: Tokens


class ToolCalled(Struct, frozen=True):
    """The service wants a tool run; `arguments` is a JSON object."""

    call_id: str
    name: str
    arguments: bytes
    #: The service says no more before it has the answer.
    blocking: bool = True


class ToolCallsCancelled(Struct, frozen=True):
    """The service does not want their answers any more."""

    call_ids: tuple[str, ...]


class ToolAnswered(Struct, frozen=True):
    """A tool is done, or has failed; `response` is a JSON object."""

    call_id: str
    response: bytes


class VolumeTurned(Struct, frozen=True):
    """By so many steps: louder, or (negative) quieter."""

    steps: int


class VolumeSet(Struct, frozen=True):
    """To so many per cent of what is allowed."""

    percent: float


class DayBegan(Struct, frozen=True):
    """The clock, which is set, tells the day by its number (date.toordinal())."""

    day: int


class DevicesReady(Struct, frozen=True):
    """Button, LED, microphone and speaker are real."""


class FaultRaised(Struct, frozen=True):
    fault: Fault
    reason: str = ""


class FaultCleared(Struct, frozen=True):
    fault: Fault


class NewConversation(Struct, frozen=True):
    """What was said so far is to be forgotten, once it is answered."""


class ConfigChanged(Struct, frozen=True):
    """Between two turns; `relink` if the next link will not be as this one."""

    limits: Limits
    talk: TalkSettings
    relink: bool
    volume: Volume


class TimePassed(Struct, frozen=True):
    """The deadline that `deadline(conversation)` named has come."""


class StopRequested(Struct, frozen=True):
    pass


#: The user's hand.
ButtonEvent = TalkPressed | TalkReleased | VolumeTurned
#: What the link brings of an answer.
AnswerEvent = (
    AnswerAudio
    | AnswerProgressed
    | AnswerPaused
    | AnswerGenerated
    | AnswerInterrupted
    | AnswerEnded
    | TranscriptHeard
)
LinkEvent = LinkOpening | LinkUp | LinkLost | LinkExpiring | OrderTaken
ToolEvent = ToolCalled | ToolCallsCancelled | ToolAnswered | NewConversation | VolumeSet
#: How the box is, and what it may use.
BoxEvent = (
    DevicesReady
    | FaultRaised
    | FaultCleared
    | TokensCounted
    | DayBegan
    | ConfigChanged
    | StopRequested
)
#: They decide nothing: they are measured, or the time has come for something else.
WatchedEvent = (
    CaptureOverran | PlaybackStarted | PlaybackSilenced | PlaybackUnderran | TimePassed
)
Event = (
    PeriodCaptured
    | PlaybackDrained
    | ButtonEvent
    | AnswerEvent
    | LinkEvent
    | ToolEvent
    | BoxEvent
    | WatchedEvent
)
