# SPDX-License-Identifier: MIT
"""Facts the conversation is told, in the past tense. `at` is time.monotonic()."""

from dataclasses import dataclass

from appliance.core.call import ToolAnswered as ToolAnswered
from appliance.core.call import ToolCalled as ToolCalled
from appliance.core.call import ToolCallsCancelled as ToolCallsCancelled
from appliance.core.limits import Limits
from appliance.core.signals import Fault
from appliance.core.tokens import Tokens
from appliance.core.volume import Volume
from appliance.core.volume import VolumeHeld as VolumeHeld
from appliance.core.volume import VolumeLetGo as VolumeLetGo
from appliance.core.volume import VolumeSet as VolumeSet
from appliance.core.volume import VolumeTurned as VolumeTurned
from appliance.core.way import Manner


@dataclass(frozen=True, slots=True)
class TalkPressed:
    at: float


@dataclass(frozen=True, slots=True)
class TalkReleased:
    at: float


@dataclass(frozen=True, slots=True)
class PeriodCaptured:
    """One microphone period: s16le mono at 16 kHz, its last frame taken `ended_at`."""

    pcm: bytes
    ended_at: float


@dataclass(frozen=True, slots=True)
class CaptureOverran:
    """The microphone lost frames between two periods (an xrun)."""

    at: float


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first frame after silence was handed to the card; heard `at`."""

    at: float


@dataclass(frozen=True, slots=True)
class PlaybackSilenced:
    """A drop took effect: the DAC is silent from `at` on."""

    at: float


@dataclass(frozen=True, slots=True)
class PlaybackUnderran:
    """The jitter buffer ran dry before it was told to drain, or the card did."""

    at: float


@dataclass(frozen=True, slots=True)
class PlaybackDrained:
    """All that was ordered up to `segment` has been played out; silent from `at`."""

    segment: int
    at: float


@dataclass(frozen=True, slots=True)
class LinkOpening:
    pass


@dataclass(frozen=True, slots=True)
class LinkUp:
    """setupComplete arrived; `resumed` if with a handle."""

    resumed: bool = False


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link is gone, or could not be opened.

    `fault` is what the user is shown, None for a loss that mends itself.
    """

    fault: Fault | None
    reason: str


@dataclass(frozen=True, slots=True)
class LinkExpiring:
    """The link will be cut at `by`: renew it before, best between two turns."""

    by: float


@dataclass(frozen=True, slots=True)
class TurnSent:
    """The network has taken a whole turn, its CloseTurn included."""


@dataclass(frozen=True, slots=True)
class AnswerAudio:
    """Part of an answer: s16le mono at 24 kHz; a frame may be split between two."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class AnswerGenerated:
    """The service has sent all of the answer; its end is still to come."""


@dataclass(frozen=True, slots=True)
class AnswerInterrupted:
    """The service cut its own answer short; AnswerEnded follows."""


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """turnComplete; `reason` only when the turn ended abnormally."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptHeard:
    """A piece of text: what the user said, or (`spoken`) what was answered."""

    text: str
    spoken: bool


@dataclass(frozen=True, slots=True)
class TokensCounted:
    """What the turn that is being answered has used so far."""

    tokens: Tokens


@dataclass(frozen=True, slots=True)
class DayBegan:
    """The clock, which is set, tells the day by its number (date.toordinal())."""

    day: int


@dataclass(frozen=True, slots=True)
class DevicesReady:
    """Button, LED, microphone and speaker are real."""


@dataclass(frozen=True, slots=True)
class FaultRaised:
    fault: Fault
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FaultCleared:
    fault: Fault


@dataclass(frozen=True, slots=True)
class NewConversation:
    """What was said so far is to be forgotten, once it is answered."""


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """Between two turns; `relink` if the next link will not be as this one."""

    limits: Limits
    manner: Manner
    relink: bool
    volume: Volume


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that `deadline(conversation)` named has come."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    pass


#: The user's hand.
ButtonEvent = TalkPressed | TalkReleased | VolumeTurned | VolumeHeld | VolumeLetGo
#: What the link brings of an answer.
AnswerEvent = AnswerAudio | AnswerGenerated | AnswerInterrupted | AnswerEnded
LinkEvent = LinkOpening | LinkUp | LinkLost | LinkExpiring | TurnSent
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
    CaptureOverran
    | PlaybackStarted
    | PlaybackSilenced
    | PlaybackUnderran
    | TranscriptHeard
    | TimePassed
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
