# SPDX-License-Identifier: MIT
"""What the box says in words of its own; the languages have the words."""

from enum import StrEnum
from typing import Self

from appliance.basics.record import Struct, replace
from appliance.core.signals import Fault, Signal


class Sentence(StrEnum):
    """A sentence, or a part of one; the key of each language's file."""

    # Made in this order: what may be needed first comes first.
    FIRST_START = "first-start"
    UPDATED = "updated"
    READY = "ready"
    NETWORK = "no-network"
    KEY = "key-rejected"
    QUOTA = "quota"
    REFUSED = "refused"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    CLOCK = "clock"
    DAILY_LIMIT = "daily-limit"
    NO_ANSWER = "no-answer"
    LOST = "lost"
    LINE_TOO_SLOW = "line-too-slow"
    UNHEARD = "unheard"
    KEY_TAKEN = "key-taken"
    KEY_UNUSABLE = "key-unusable"
    SETTINGS_UNUSABLE = "settings-unusable"
    CONFIGURATION = "configuration"
    NO_MICROPHONE = "no-microphone"
    HOST = "host"
    ADDRESS = "address"
    WIFI = "wifi"
    STRENGTH_GOOD = "strength-good"
    STRENGTH_FAIR = "strength-fair"
    STRENGTH_WEAK = "strength-weak"
    VOLUME = "volume"
    VERSION = "version"
    DOT = "dot"


#: What is only said together with others.
PARTS = frozenset(
    {
        Sentence.HOST,
        Sentence.ADDRESS,
        Sentence.WIFI,
        Sentence.STRENGTH_GOOD,
        Sentence.STRENGTH_FAIR,
        Sentence.STRENGTH_WEAK,
        Sentence.VOLUME,
        Sentence.VERSION,
        Sentence.DOT,
    }
)
#: What can be said by itself.
NAMES = tuple(sentence.value for sentence in Sentence if sentence not in PARTS)


class Due(Struct, frozen=True):
    """A sentence that is to be said as soon as it may be, but not before `since`."""

    sentence: Sentence
    since: float


class Spoken(Struct, frozen=True):
    """What is said in words: next, and so far."""

    due: Due | None = None
    #: What is said once the box is ready, one after the other.
    greetings: tuple[Sentence, ...] = ()
    #: What was said of late, and when.
    said: tuple[tuple[Sentence, float], ...] = ()
    #: What the speaker was told last of these.
    segment: int = -1

    def hushed(self) -> Self:
        """What is due and only of the moment is not said any more."""
        lasts = self.due and fault_of(self.due.sentence)
        return replace(self, due=self.due if lasts else None, greetings=())


def sentence_of(signal: Signal) -> Sentence | None:
    """What is said of `signal`; None where its sound says enough."""
    return Sentence.__members__.get(signal.name)


def fault_of(sentence: Sentence) -> Fault | None:
    """What must last for `sentence` to be true, if it tells of a fault."""
    return Fault.__members__.get(sentence.name)
