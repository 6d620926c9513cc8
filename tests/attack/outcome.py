# SPDX-License-Identifier: MIT
"""What came of an attack, judged against what the pages promise, and the table."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_RSS_KB = 120 << 10
#: To a terminal and to the journal nothing else may go: no ESC, no BEL, no C1.
_CONTROL = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e]")
_WIDTHS = (46, 9, 8, 8, 9)
_HEAD = ("attack", "RSS MB", "CPU s", "time s", "journal", "outcome")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one attack: the most memory and the CPU time of the process under attack."""

    attack: str
    came: str
    peak_rss_kb: int
    cpu_s: float
    seconds: float
    journal: Sequence[str]
    complaints: tuple[str, ...] = ()

    @property
    def broken(self) -> list[str]:
        """The promises that were broken."""
        return [*self.complaints, *_broken(self.peak_rss_kb, self.journal)]


def _broken(peak_rss_kb: int, journal: Iterable[str]) -> Iterable[str]:
    if peak_rss_kb > MOST_RSS_KB:
        yield f"more than {MOST_RSS_KB >> 10} MB of memory"
    if any(line.startswith("Traceback") for line in journal):
        yield "a traceback in the journal"
    raw = next((line for line in journal if _CONTROL.search(line)), None)
    if raw is not None:
        yield f"control characters in the journal: {raw[:80]!r}"


def table(outcomes: Sequence[Outcome]) -> str:
    """One row for each attack; what was broken stands below its row."""
    lines = [_row(_HEAD)]
    for outcome in outcomes:
        lines.append(
            _row(
                (
                    outcome.attack,
                    f"{outcome.peak_rss_kb / 1024:.1f}",
                    f"{outcome.cpu_s:.1f}",
                    f"{outcome.seconds:.1f}",
                    str(len(outcome.journal)),
                    outcome.came,
                )
            )
        )
        lines += [f"  ! {broken}" for broken in outcome.broken]
    broken = sum(bool(outcome.broken) for outcome in outcomes)
    worst = max((outcome.peak_rss_kb for outcome in outcomes), default=0) / 1024
    return "\n".join(
        [
            *lines,
            "",
            f"{len(outcomes)} attacks, {broken} broke a promise; {worst:.1f} MB",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    *left, last = cells
    padded = [cell.ljust(width) for cell, width in zip(left, _WIDTHS, strict=True)]
    return "".join(padded) + last
