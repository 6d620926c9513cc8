# SPDX-License-Identifier: MIT
"""Whether the box still works: judged by progress, not by threads that exist."""

from collections.abc import Mapping

#: Longest silence of a part, in seconds. All are looked at once a second, if nothing
#: happens; a stream's period is 8192 frames at most (0.5 s).
LIMITS_S: dict[str, float] = {
    "microphone": 1.2,
    "speaker": 1.2,
    "inbox": 2.5,
    "button": 2.5,
}


def stalled_parts(beats: Mapping[str, float], now: float) -> tuple[str, ...]:
    """The parts whose last heartbeat (monotonic s) is too old; () = all is well."""
    return tuple(
        part for part, limit_s in LIMITS_S.items() if now - beats[part] > limit_s
    )
