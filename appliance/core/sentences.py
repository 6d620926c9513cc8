# SPDX-License-Identifier: MIT
"""What the box says in words of its own; the languages have the words."""

from enum import StrEnum
from typing import Self

from appliance.basics.record import Struct, replace
from appliance.core.signals import Fault, Signal


class Sentence(StrEnum):
    """A sentence, or a part of one; the key of each language's file."""

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
    FIRST_START = "first-start"
    UPDATED = "updated"
    KEY_TAKEN = "key-taken"
    KEY_UNUSABLE = "key-unusable"
    CONFIGURATION_WRONG = "configuration-wrong"
    NO_SOUND_CARD = "no-sound-card"
    READY = "ready"
    HOST = "host"
    ADDRESS = "address"
    WIFI = "wifi"
    STRENGTH_GOOD = "strength-good"
    STRENGTH_FAIR = "strength-fair"
    STRENGTH_WEAK = "strength-weak"
    VOLUME = "volume"
    VERSION = "version"


class Due(Struct, frozen=True):
    """A sentence that is to be said as soon as it may be."""

    sentence: Sentence
    since: float


class Spoken(Struct, frozen=True):
    """What is said in words: next, and so far."""

    due: Due | None = None
    #: What was said of late, and when.
    said: tuple[tuple[Sentence, float], ...] = ()
    #: What the speaker was told last of these.
    segment: int = -1

    def hushed(self) -> Self:
        """What is due and only of the moment is not said any more."""
        lasts = self.due and fault_of(self.due.sentence)
        return self if lasts else replace(self, due=None)


def sentence_of(signal: Signal) -> Sentence | None:
    """What is said of `signal`; None where its sound says enough."""
    return Sentence.__members__.get(signal.name)


def fault_of(sentence: Sentence) -> Fault | None:
    """What must last for `sentence` to be true, if it tells of a fault."""
    return Fault.__members__.get(sentence.name)
