# SPDX-License-Identifier: MIT
"""What a process has taken of the machine so far, from /proc (man proc_pid_stat)."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of all threads, since the process began; `at` is in monotonic seconds."""

    at: float
    cpu_s: float
    rss_kb: int
    peak_rss_kb: int
    #: How often a thread went to sleep by itself: so often it was woken.
    wakeups: int


def usage(pid: int) -> Usage:
    """Raises OSError if there is no such process."""
    process = Path(f"/proc/{pid}")
    # The name of the program, in parentheses, may have spaces.
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    status = _status(process)
    return Usage(
        at=time.monotonic(),
        cpu_s=(int(fields[11]) + int(fields[12])) * _TICK_S,
        rss_kb=int(status["VmRSS"].split()[0]),
        peak_rss_kb=int(status["VmHWM"].split()[0]),
        wakeups=sum(_wakeups(thread) for thread in (process / "task").iterdir()),
    )


def _wakeups(thread: Path) -> int:
    try:
        return int(_status(thread)["voluntary_ctxt_switches"])
    except FileNotFoundError:
        return 0  # It has ended meanwhile.


def _status(process: Path) -> dict[str, str]:
    lines = (process / "status").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)
