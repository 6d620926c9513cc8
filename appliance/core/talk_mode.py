# SPDX-License-Identifier: MIT
"""How the box is talked to."""

from enum import Enum

from appliance.basics.record import Struct


class TalkMode(Enum):
    """What a press and a release of the talk button mean."""

    #: Listens as long as it is held.
    HOLD = "hold"
    #: A press begins, the next one ends.
    TOGGLE = "toggle"
    #: A press opens the microphone, another closes it; the service tells the turns.
    HANDS_FREE = "hands-free"


class TalkSettings(Struct, frozen=True):
    """The mode and its details, from the configuration."""

    mode: TalkMode = TalkMode.HOLD
    #: While the speaker sounds, an open microphone sends silence.
    half_duplex: bool = True
    #: An open microphone is closed this long after the last answer that was heard.
    hands_free_limit_s: float = 120.0
    #: And this long after the last press, whatever the service does.
    hands_free_longest_s: float = 600.0


HOLD = TalkSettings()
