# SPDX-License-Identifier: MIT
"""Orders the conversation gives; the service performs them and never awaits one."""

from dataclasses import dataclass

from appliance.core.signals import Earcon


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn begins: activityStart."""

    turn: int


@dataclass(frozen=True, slots=True)
class SendAudio:
    """s16le mono at 16 kHz, only between OpenTurn and CloseTurn."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class SendText:
    """What the box has to say to the service in a turn of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseTurn:
    """A turn ends: activityEnd, exactly once for each OpenTurn on a living link."""

    turn: int


@dataclass(frozen=True, slots=True)
class Play:
    """Add s16le mono at 24 kHz to the jitter buffer."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Drain:
    """No more is coming: play out, then say PlaybackDrained(segment)."""

    segment: int


@dataclass(frozen=True, slots=True)
class DropPlayback:
    """Silence at once: discard what has not been played."""


@dataclass(frozen=True, slots=True)
class PlayEarcon:
    """Play a short sound after what is playing, then drain as `segment`."""

    earcon: Earcon
    segment: int


@dataclass(frozen=True, slots=True)
class OpenLink:
    """Have a link, and try now: do not wait for the back-off."""


@dataclass(frozen=True, slots=True)
class RenewLink:
    """Close this link and open the next, with the handle where there is one.

    `deaf`: this one stopped answering; a resumed link that is deaf starts fresh.
    """

    deaf: bool


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """The next link knows nothing of what was said before."""


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Close quietly, and stay closed until OpenLink."""


@dataclass(frozen=True, slots=True)
class SetGain:
    """Multiply what is played, and what waits to be, by `gain` from now on."""

    gain: float


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Shut the machine down."""


@dataclass(frozen=True, slots=True)
class RunTool:
    """Start it; ToolAnswered(call_id) follows in any case, unless it is cancelled."""

    call_id: str
    name: str
    arguments: bytes


@dataclass(frozen=True, slots=True)
class CancelTools:
    """Nobody waits for these any more: end them."""

    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerTool:
    """toolResponse, on the link that the call came by."""

    call_id: str
    name: str
    response: bytes


Effect = (
    OpenTurn
    | SendAudio
    | SendText
    | CloseTurn
    | Play
    | Drain
    | DropPlayback
    | PlayEarcon
    | OpenLink
    | RenewLink
    | ForgetSession
    | CloseLink
    | SetGain
    | PowerOff
    | RunTool
    | CancelTools
    | AnswerTool
)
