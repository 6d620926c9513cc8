# SPDX-License-Identifier: MIT
"""What the installed service takes of the machine, on lines of a real GPIO chip."""

import os
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import board
import box
import sound
from live import NAME, live_service
from verdict import expect, scenario

from appliance.config.sections import ButtonSection
from appliance.core.signals import Signal

_REST_S, _SPEAKING_S = 20.0, 5.0
_TAPS = 20
#: At rest and speaking, of all threads together.
_MOST_AT_REST, _MOST_SPEAKING = 40.0, 300.0
_MOST_CPU_AT_REST_PERCENT = 0.8
#: What may pass between the debounced edge and the light.
_MOST_LATENCY_MS = 5.0
_USAGE = Path("/sys/fs/cgroup/system.slice", box.UNIT, "cpu.stat")


class Load(NamedTuple):
    """Of all threads of the service, over some seconds."""

    wakeups_per_s: float
    cpu_percent: float
    #: The threads that woke up most.
    busiest: str

    def __str__(self) -> str:
        return (
            f"{self.wakeups_per_s:.1f} wake-ups/s, {self.cpu_percent:.2f} % of a core "
            f"({self.busiest})"
        )


def _load(seconds: float) -> Load:
    """What it takes while this program sleeps."""
    began, used, before = time.monotonic(), _cpu_s(), _switches()
    time.sleep(seconds)
    passed, used, after = time.monotonic() - began, _cpu_s() - used, _switches()
    counts = {thread: count - before.get(thread, 0) for thread, count in after.items()}
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    busiest = ", ".join(f"{name} {n / passed:.0f}/s" for (_, name), n in ranked[:4])
    return Load(sum(counts.values()) / passed, 100 * used / passed, busiest)


def _switches() -> dict[tuple[str, str], int]:
    """(thread id, name) -> context switches so far, of either kind (man proc_pid)."""
    counts = {}
    for thread in Path(f"/proc/{box.main_pid()}/task").iterdir():
        lines = (thread / "status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        counts[thread.name, status["Name"]] = int(
            status["voluntary_ctxt_switches"]
        ) + int(status["nonvoluntary_ctxt_switches"])
    return counts


def _cpu_s() -> float:
    usage = dict(line.split() for line in _USAGE.read_text().splitlines())
    return int(usage["usage_usec"]) / 1e6


@scenario("at rest it sleeps: wake-ups and CPU of all threads")
def _rest() -> str:
    with live_service(), box.hosts(NAME):
        box.shows_signal(Signal.IDLE, limit_s=60)
        # The ready sound and the start's other echoes.
        time.sleep(3)
        load = _load(_REST_S)
    expect(load.wakeups_per_s <= _MOST_AT_REST, str(load))
    expect(load.cpu_percent <= _MOST_CPU_AT_REST_PERCENT, str(load))
    return str(load)


@scenario("speaking, with a breathing LED")
def _speaking() -> str:
    with live_service(), box.hosts(NAME):
        board.press()
        sound.say(sound.noise(_SPEAKING_S + 4, seed=6))
        board.release()
        box.shows_signal(Signal.SPEAKING)
        load = _load(_SPEAKING_S)
        expect(
            box.situation().lower().startswith("speaking"), "the answer was too short"
        )
        box.shows_signal(Signal.IDLE)
    expect(load.wakeups_per_s <= _MOST_SPEAKING, str(load))
    return str(load)


@scenario("a press is seen as soon as it is debounced")
def _press() -> str:
    before = box.CONFIG.read_text()
    # Dark until it listens: then the light tells when the press was seen.
    box.CONFIG.write_text(f"{before}[led]\nidle_brightness = 0\n")
    box.restart()
    try:
        with live_service(), box.hosts(NAME):
            box.shows_signal(Signal.IDLE, limit_s=60)
            time.sleep(3)
            seen_ms = sorted(_press_to_light_ms() for _ in range(_TAPS))
    finally:
        box.CONFIG.write_text(before)
    own_ms = statistics.median(seen_ms) - ButtonSection().bounce_ms
    figure = (
        f"light {statistics.median(seen_ms):.1f} ms after the press at the median, "
        f"{seen_ms[-1]:.1f} at worst, {ButtonSection().bounce_ms} of them debouncing"
    )
    expect(own_ms <= _MOST_LATENCY_MS, figure)
    return figure


def _press_to_light_ms() -> float:
    with board.led_line() as line:
        began = time.monotonic()
        board.press()
        while os.pread(line, 1, 0) != b"1":
            time.sleep(0.0002)
        seconds = time.monotonic() - began
    board.release()
    time.sleep(0.4)
    return 1000 * seconds
