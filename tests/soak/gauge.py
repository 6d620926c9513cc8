# SPDX-License-Identifier: MIT
"""What a process takes of the machine, and whether it takes more and more."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

#: What is imported, opened and cached in the beginning is no leak.
WARM_UP_S = 180.0
#: A slope through fewer minutes than this says nothing.
_SHORTEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """At one instant (monotonic s)."""

    at: float
    rss_kb: int
    threads: int
    files: int


@dataclass(slots=True)
class Gauge:
    """The samples of one process, from its warm-up on, and the very first."""

    pid: int
    samples: list[Sample] = field(default_factory=list)

    def look(self, now: float) -> None:
        """Take a sample, if the process still runs."""
        with suppress(OSError, ValueError):
            self.samples.append(_sample(self.pid, now))

    @property
    def seconds(self) -> float:
        return self.samples[-1].at - self.samples[0].at if self.samples else 0.0

    def figures(self) -> dict[str, Any]:
        """First and last of each, the resident set once a minute, and its slope."""
        first, last = self.samples[0], self.samples[-1]
        return {
            "seconds": round(self.seconds),
            "threads": (first.threads, last.threads),
            "files": (first.files, last.files),
            "rss_kb": (first.rss_kb, last.rss_kb),
            "rss_kb_each_minute": [s.rss_kb for s in self.samples[::60]],
            "slope_kb_per_h": self.slope_kb_per_h(),
        }

    def slope_kb_per_h(self) -> float | None:
        """Of the line through the resident set after the warm-up, None if that is too
        short to tell."""
        warm = [s for s in self.samples if s.at - self.samples[0].at >= WARM_UP_S]
        if not warm or warm[-1].at - warm[0].at < _SHORTEST_S:
            return None
        hours = np.array([s.at - warm[0].at for s in warm]) / 3600
        return float(np.polyfit(hours, [s.rss_kb for s in warm], 1)[0])


def _sample(pid: int, now: float) -> Sample:
    process = Path(f"/proc/{pid}")
    lines = (process / "status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return Sample(
        now,
        int(status["VmRSS"].split()[0]),
        int(status["Threads"]),
        len(list((process / "fd").iterdir())),
    )
