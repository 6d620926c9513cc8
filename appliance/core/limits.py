# SPDX-License-Identifier: MIT
"""How long the core waits for what, and how much a day may use."""

from appliance.basics.record import Struct

#: After this nobody waits for an answer any more, or for the end of a hushed one.
ANSWER_TIMEOUT_S = 60.0
_NEVER = float("inf")


class Limits(Struct, frozen=True):
    """How long things may take, in seconds (inf: for ever); from the configuration."""

    pre_roll_s: float
    min_hold_s: float
    #: The longest that is listened to after the release.
    tail_s: float
    hold_limit_s: float
    hold_warning_s: float
    turn_gap_s: float
    answer_limit_s: float
    delivery_limit_s: float
    idle_disconnect_s: float
    #: The tail is over once the speaker has stopped.
    tail_listens: bool = False
    #: After such a pause the next turn begins a new conversation.
    forget_after_s: float = _NEVER
    #: The most that a day may use, both ways; no time, but a limit.
    tokens_per_day: float = _NEVER
