# SPDX-License-Identifier: MIT
"""What the user sees and hears: one table for LED, sound, journal and advice."""

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from appliance.basics.record import Struct
from appliance.core.led_pattern import TRIPLE_BLINK, Glow, LedPattern, blinks

if TYPE_CHECKING:  # A conversation holds signals and faults.
    from appliance.core.conversation import Conversation


class Fault(Enum):
    """What keeps the box from answering; the value is its blink code."""

    NETWORK = 1
    KEY = 2
    QUOTA = 3
    REFUSED = 4
    MICROPHONE = 5
    SPEAKER = 6
    CLOCK = 7
    DAILY_LIMIT = 8


LINK_FAULTS = frozenset(
    {Fault.NETWORK, Fault.KEY, Fault.QUOTA, Fault.REFUSED, Fault.CLOCK}
)
#: Trying again at once cannot help: what was said is lost at once, too.
FATAL_FAULTS = frozenset({Fault.KEY, Fault.QUOTA, Fault.REFUSED})


class Earcon(StrEnum):
    """A short sound that the box makes."""

    READY = "ready"
    CUT_OFF = "cut-off"
    NO_ANSWER = "no-answer"
    LOST = "lost"
    LINE_TOO_SLOW = "line-too-slow"
    NEW = "new-conversation"
    NO_NETWORK = "no-network"
    KEY_REJECTED = "key-rejected"
    QUOTA = "quota"
    REFUSED = "refused"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    CLOCK = "clock"
    DAILY_LIMIT = "daily-limit"


class Signal(Enum):
    """A situation the user can tell apart; key of TABLE."""

    STARTING = "starting"
    IDLE = "idle"
    LISTENING = "listening"
    LISTENING_ENDS = "listening-ends"
    THINKING = "thinking"
    SPEAKING = "speaking"
    NETWORK = "no-network"
    KEY = "key-rejected"
    QUOTA = "quota"
    REFUSED = "refused"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    CLOCK = "clock"
    DAILY_LIMIT = "daily-limit"
    GPIO = "gpio"
    NO_ANSWER = "no-answer"
    LOST = "lost"
    LINE_TOO_SLOW = "line-too-slow"
    UNHEARD = "unheard"


class Row(Struct, frozen=True):
    """One line of the table the user learns, and of the journal's catalog."""

    situation: str
    led: str
    pattern: LedPattern
    earcon: Earcon | None
    message_id: str
    advice: str
    #: Of several faults the one with the lowest rank is shown. What keeps the box from
    #: listening or speaking comes before what keeps it from the service.
    rank: int | None = None


TABLE: dict[Signal, Row] = {
    Signal.STARTING: Row(
        "starting",
        "quick fade in and out",
        LedPattern("starting", (Glow(1.0, 0.0, 0.25), Glow(0.0, 0.0, 0.25))),
        Earcon.READY,
        "ac35e78f16444570a12cca63712944e6",
        "Wait for the ready sound.",
    ),
    Signal.IDLE: Row(
        "idle, all well",
        "dim, or a short flash every 4 s",
        LedPattern("idle", (Glow(None, 0.0),)),
        None,
        "20b23c0edc194840bc4de6fdf78ebe5b",
        "Hold the button and talk.",
    ),
    Signal.LISTENING: Row(
        "listening",
        "full on",
        LedPattern("listening", (Glow(1.0, 0.0),)),
        None,
        "e157b7ece17b49e798ae9c0ac0dc6c38",
        "Talk; let go when you are done.",
    ),
    Signal.LISTENING_ENDS: Row(
        "listening, the limit is near",
        "fast blink",
        LedPattern("listening-ends", (Glow(1.0, 0.1), Glow(0.0, 0.1))),
        Earcon.CUT_OFF,
        "998c775edfc646ea974ebf2f19706d33",
        "Finish the sentence: what was said up to the limit is sent.",
    ),
    Signal.THINKING: Row(
        "thinking",
        "slow pulse",
        LedPattern("thinking", (Glow(1.0, 0.0, 0.8), Glow(0.1, 0.0, 0.8))),
        None,
        "77b77a7042374d1db2dfb14913ef05d4",
        "Wait; a tap cancels.",
    ),
    Signal.SPEAKING: Row(
        "speaking",
        "breathing",
        LedPattern("speaking", (Glow(1.0, 0.1, 0.5), Glow(0.4, 0.1, 0.5))),
        None,
        "1584dcd25ed84df4a7164dc592281696",
        "A tap hushes; hold to talk over it.",
    ),
    Signal.NETWORK: Row(
        "no network",
        "1 blink, pause",
        blinks(1),
        Earcon.NO_NETWORK,
        "1e44f88f1c944532a65dfb4d0a8e5c0c",
        "Check Wi-Fi or cable, router and [live] endpoint; the box goes on trying.",
        rank=4,
    ),
    Signal.KEY: Row(
        "key rejected",
        "2 blinks, pause",
        blinks(2),
        Earcon.KEY_REJECTED,
        "912f0ee717aa4ceebf9fe3bedade77f5",
        "Put a valid Gemini API key in the credential gemini-api-key and restart.",
        rank=5,
    ),
    Signal.QUOTA: Row(
        "quota or billing",
        "3 blinks, pause",
        blinks(3),
        Earcon.QUOTA,
        "2b8d4a30b580433497c8aedbecc921f4",
        "Check quota and billing of the key in AI Studio; press to try again.",
        rank=6,
    ),
    Signal.REFUSED: Row(
        "model or configuration refused",
        "4 blinks, pause",
        blinks(4),
        Earcon.REFUSED,
        "b80435f46e574669a3083a3de9bc2dbd",
        "Check [live] model, voice and endpoint: the journal has the reason given.",
        rank=7,
    ),
    Signal.MICROPHONE: Row(
        "microphone",
        "5 blinks, pause",
        blinks(5),
        Earcon.MICROPHONE,
        "0a55ac0cf77e4928b040c8dda2979ef4",
        "Check the microphone's wiring or cable: voice-appliance sound shows cards.",
        rank=1,
    ),
    Signal.SPEAKER: Row(
        "speaker",
        "6 blinks, pause",
        blinks(6),
        Earcon.SPEAKER,
        "0916aa7b56d9471cacf9a034595dea9b",
        "Check the speaker's wiring or cable: voice-appliance sound shows cards.",
        rank=2,
    ),
    Signal.CLOCK: Row(
        "clock not set",
        "7 blinks, pause",
        blinks(7),
        Earcon.CLOCK,
        "3ed5758619ee4353811874213bfb33f0",
        "Wait for the network time, or check timedatectl: certificates need a date.",
        rank=8,
    ),
    Signal.DAILY_LIMIT: Row(
        "daily token limit reached",
        "8 blinks, pause",
        blinks(8),
        Earcon.DAILY_LIMIT,
        "3d28263cf3c341fead4cf6b1021aa00b",
        "Wait for midnight, or raise [conversation] tokens_per_day and reload.",
        rank=3,
    ),
    Signal.GPIO: Row(
        "button or LED not available",
        "9 blinks, pause",
        blinks(9),
        None,
        "49ef32236a77499384406c8e54c51aeb",
        "Free the GPIO line, or choose another and restart: the journal says which.",
    ),
    Signal.NO_ANSWER: Row(
        "no answer",
        "short triple blink",
        TRIPLE_BLINK,
        Earcon.NO_ANSWER,
        "f83cfa69e70c4a6bbd855f3f1f3f1aaa",
        "Say it again; if it stays so, look for the reason in this journal.",
    ),
    Signal.LOST: Row(
        "utterance lost",
        "short triple blink",
        TRIPLE_BLINK,
        Earcon.LOST,
        "67f81fff7e0246bdabb041f3a931c2fc",
        "Say it again: it did not reach the service, or the answer was cut off.",
    ),
    Signal.LINE_TOO_SLOW: Row(
        "line too slow for an open microphone",
        "short triple blink",
        TRIPLE_BLINK,
        Earcon.LINE_TOO_SLOW,
        "1a3a1ae5a3ef4fa0b5b0f6b4e3a7b9d1",
        "Move the box nearer to the router or use a cable: it needs 45 kB/s upwards.",
    ),
    Signal.UNHEARD: Row(
        "nothing was heard, or digital silence",
        "5 blinks, once",
        blinks(5),
        Earcon.MICROPHONE,
        "e78da8497ec440a9867f12152ea4b5b0",
        "Check the microphone's mute switch, data line and channel (L/R select).",
    ),
}


def worst(faults: frozenset[Fault]) -> Fault | None:
    """The one to show, by the ranks of TABLE."""
    return min(faults, key=_rank, default=None)


def signal_of(fault: Fault) -> Signal:
    """The row of TABLE that shows `fault`."""
    return Signal[fault.name]


def earcon_of(fault: Fault) -> Earcon:
    """The sound of `fault`."""
    earcon = TABLE[signal_of(fault)].earcon
    assert earcon is not None
    return earcon


def signal(conversation: "Conversation") -> Signal:
    """The situation to show; the first that applies."""
    c = conversation
    # Whatever is wrong: as long as what is heard will be sent, the light says so.
    if c.hears and not _is_deaf(c):
        return Signal.LISTENING_ENDS if _is_warned(c) else Signal.LISTENING
    if c.mishap:
        return c.mishap.signal
    if c.answer and Fault.SPEAKER not in c.faults:
        return Signal.SPEAKING
    if fault := worst(c.faults):
        return signal_of(fault)
    if not c.ready:
        return Signal.STARTING
    return Signal.THINKING if c.utterances or c.microphone else Signal.IDLE


def pattern(conversation: "Conversation") -> LedPattern:
    """What the LED shows."""
    return TABLE[signal(conversation)].pattern


def _rank(fault: Fault) -> int:
    rank = TABLE[signal_of(fault)].rank
    assert rank is not None
    return rank


def _is_deaf(c: "Conversation") -> bool:
    """Nothing is captured, or silence is put in its place."""
    silenced = c.microphone and c.talk.half_duplex and c.speaker.quiet_since is None
    return Fault.MICROPHONE in c.faults or bool(silenced)


def _is_warned(c: "Conversation") -> bool:
    """The user is told that listening ends soon."""
    return c.capture is not None and c.capture.warned
