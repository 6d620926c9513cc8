# SPDX-License-Identifier: MIT
"""The table of signals as Markdown: situation, LED, sound, what to do."""

from appliance.core.signals import TABLE, Earcon, Fault, earcon_of

_IN_WORDS = {
    Earcon.READY: "three notes rising",
    Earcon.CUT_OFF: "two high pips",
    Earcon.NO_ANSWER: "the same note twice",
    Earcon.LOST: "three notes falling",
    Earcon.LINE_TOO_SLOW: "two long notes falling",
    Earcon.NEW: "two notes up, twice, quick",
}


def in_words(earcon: Earcon) -> str:
    """How it sounds, for those who read about it."""
    if earcon in _IN_WORDS:
        return _IN_WORDS[earcon]
    code = next(fault.value for fault in Fault if earcon_of(fault) is earcon)
    return f"two notes falling, then {code} short"


def table() -> str:
    """A row for each situation."""
    rows = [
        f"| {row.situation} | {row.led} | {_sound(row.earcon)} | {row.advice} |"
        for row in TABLE.values()
    ]
    return "\n".join(
        ["| situation | LED | sound | what to do |", "|---|---|---|---|", *rows]
    )


def _sound(earcon: Earcon | None) -> str:
    return f"`{earcon}`: {in_words(earcon)}" if earcon else "–"
