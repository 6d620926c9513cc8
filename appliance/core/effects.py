# SPDX-License-Identifier: MIT
"""Orders the conversation gives; the service performs them and never awaits one."""

from appliance.basics.record import Struct
from appliance.core.sentences import Sentence
from appliance.core.signals import Earcon


class OpenTurn(Struct, frozen=True):
    """A turn begins: activityStart."""

    turn: int


class SendAudio(Struct, frozen=True):
    """s16le mono at 16 kHz, only between OpenTurn and CloseTurn."""

    pcm: bytes


class SendText(Struct, frozen=True):
    """What the box has to say to the service in a turn of its own."""

    text: str


class CloseTurn(Struct, frozen=True):
    """A turn ends: activityEnd, exactly once for each OpenTurn on a living link."""

    turn: int


class Play(Struct, frozen=True):
    """Add s16le mono at 24 kHz to the jitter buffer."""

    pcm: bytes


class Drain(Struct, frozen=True):
    """No more is coming: play out, then say PlaybackDrained(segment)."""

    segment: int


class DropPlayback(Struct, frozen=True):
    """Silence at once: discard what has not been played."""


class PlayEarcon(Struct, frozen=True):
    """Play a short sound after what is playing, then drain as `segment`."""

    earcon: Earcon
    segment: int


class Say(Struct, frozen=True):
    """Say it in words after what is playing, then drain as `segment`; where there are
    no words, only drain."""

    sentence: Sentence
    segment: int


class SayStatus(Struct, frozen=True):
    """Say `state` as Say does, then where the box is to be found."""

    state: Sentence
    volume_percent: int
    segment: int


class OpenLink(Struct, frozen=True):
    """Have a link, and try now: do not wait for the back-off."""


class RenewLink(Struct, frozen=True):
    """Close this link and open the next, with the handle where there is one.

    `unresponsive`: this one stopped answering; a resumed link that is too
    starts fresh.
    """

    unresponsive: bool


class ForgetSession(Struct, frozen=True):
    """The next link knows nothing of what was said before."""


class CloseLink(Struct, frozen=True):
    """Close quietly, and stay closed until OpenLink."""


class SetGain(Struct, frozen=True):
    """Multiply what is played, and what waits to be, by `gain` from now on."""

    gain: float


class RunTool(Struct, frozen=True):
    """Start it; ToolAnswered(call_id) follows in any case, unless it is cancelled."""

    call_id: str
    name: str
    arguments: bytes


class CancelTools(Struct, frozen=True):
    """Nobody waits for these any more: end them."""

    call_ids: tuple[str, ...]


class AnswerTool(Struct, frozen=True):
    """toolResponse, on the link that the call came by."""

    call_id: str
    name: str
    response: bytes


#: What a link sends; it tells when the network has taken it (OrderTaken).
Order = OpenTurn | SendAudio | SendText | CloseTurn | AnswerTool
Effect = (
    Order
    | Play
    | Drain
    | DropPlayback
    | PlayEarcon
    | Say
    | SayStatus
    | OpenLink
    | RenewLink
    | ForgetSession
    | CloseLink
    | SetGain
    | RunTool
    | CancelTools
)
