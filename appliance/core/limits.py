# SPDX-License-Identifier: MIT
"""How long the core waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds; from the configuration."""

    pre_roll_s: float
    min_hold_s: float
    tail_s: float
    hold_limit_s: float
    hold_warning_s: float
    turn_gap_s: float
    answer_limit_s: float
    delivery_limit_s: float
    idle_disconnect_s: float
