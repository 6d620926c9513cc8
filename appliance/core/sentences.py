# SPDX-License-Identifier: MIT
"""What the box says in words of its own; the languages have the words."""

from enum import StrEnum

from appliance.core.signals import Signal


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


def sentence_of(signal: Signal) -> Sentence | None:
    """What is said of `signal`; None where its sound says enough."""
    return Sentence.__members__.get(signal.name)
