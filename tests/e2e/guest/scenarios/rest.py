# SPDX-License-Identifier: MIT
"""What the installed service takes of the machine, on lines of a real GPIO chip."""

import asyncio
import os
import statistics
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import board
import box
import gpiod
import sound
from gpiod.line import Bias, Edge
from live import NAME, live_service
from verdict import expect, scenario

from appliance.config.sections import ButtonSection
from appliance.core.events import Event
from appliance.core.signals import Signal
from appliance.hardware.button import TalkButton

_REST_S, _SPEAKING_S = 20.0, 5.0
_TAPS, _SPARE_GPIO = 20, 22
#: At rest and speaking, of all threads together.
_MOST_AT_REST, _MOST_SPEAKING = 40.0, 300.0
#: A system call of a kernel that runs as a process takes many times a real one's time,
#: and a busy host counts as work: a bound for what has gone wrong, not the goal.
_MOST_CPU_AT_REST_PERCENT = 5.0
#: What may pass between the debounced edge and its event.
_MOST_LATENCY_MS = 5.0
_MOST_TO_LIGHT_MS = 100.0
_USAGE = Path("/sys/fs/cgroup/system.slice", box.UNIT, "cpu.stat")


class Load(NamedTuple):
    """Of all threads of the service, over some seconds."""

    #: Sleeps that ended (voluntary_ctxt_switches, man proc_pid_status).
    wakeups_per_s: float
    preemptions_per_s: float
    cpu_percent: float
    #: Wake-ups of the threads that have most.
    busiest: str

    def __str__(self) -> str:
        return (
            f"{self.wakeups_per_s:.1f} wake-ups/s ({self.busiest}), "
            f"{self.preemptions_per_s:.1f} preemptions/s, "
            f"{self.cpu_percent:.2f} % of a core"
        )


def _load(seconds: float) -> Load:
    """What it takes while this program sleeps."""
    began, used = time.monotonic(), _cpu_s()
    slept, preempted = _switches("voluntary"), _switches("nonvoluntary")
    time.sleep(seconds)
    passed, used = time.monotonic() - began, _cpu_s() - used
    wakeups = _switches("voluntary") - slept
    preemptions = _switches("nonvoluntary") - preempted
    busiest = [f"{count / passed:.0f}/s" for _, count in wakeups.most_common(5)]
    return Load(
        wakeups.total() / passed,
        preemptions.total() / passed,
        100 * used / passed,
        " + ".join(busiest),
    )


def _switches(kind: str) -> Counter[str]:
    """Context switches so far, by thread."""
    counts: Counter[str] = Counter()
    for thread in Path(f"/proc/{box.main_pid()}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith(f"{kind}_ctxt_switches:"):
                counts[thread.name] = int(line.split()[1])
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


@scenario("a press is seen as soon as the kernel has debounced it")
def _press() -> str:
    edges = [_press_to_edge_s() for _ in range(_TAPS)]
    debounced_ms = 1000 * statistics.median(edges)
    seen_ms = 1000 * statistics.median(asyncio.run(_presses_to_event_s()))
    figure = (
        f"posted {seen_ms:.1f} ms after the press, at the median; a program that only "
        f"waits for the edge has it after {debounced_ms:.1f}"
    )
    expect(seen_ms - debounced_ms <= _MOST_LATENCY_MS, figure)
    return figure


def _press_to_edge_s() -> float:
    """Of a line that is nobody's, debounced as the talk button is."""
    settings = gpiod.LineSettings(
        edge_detection=Edge.FALLING,
        bias=Bias.PULL_UP,
        debounce_period=timedelta(milliseconds=ButtonSection().bounce_ms),
    )
    with gpiod.request_lines("/dev/gpiochip0", {_SPARE_GPIO: settings}) as line:
        began = time.monotonic()
        board.press(_SPARE_GPIO)
        line.wait_edge_events(1.0)
        seconds = time.monotonic() - began
        board.release(_SPARE_GPIO)
    return seconds


async def _presses_to_event_s() -> list[float]:
    """From each press of the service's own button, on the same line, to its event."""
    pressed: asyncio.Queue[Event] = asyncio.Queue()
    button = TalkButton(
        pin=_SPARE_GPIO,
        active_low=True,
        bounce_ms=ButtonSection().bounce_ms,
        post=pressed.put_nowait,
    )
    watching = asyncio.create_task(button.run())
    seconds = []
    for _ in range(_TAPS):
        began = time.monotonic()
        board.press(_SPARE_GPIO)
        seconds.append((await pressed.get()).at - began)
        board.release(_SPARE_GPIO)
        await pressed.get()
    watching.cancel()
    button.close()
    return seconds


@scenario("the light follows the press")
def _light() -> str:
    before = box.CONFIG.read_text()
    # Dark until it listens.
    box.CONFIG.write_text(f"{before}[led]\nidle_brightness = 0\n")
    box.restart()
    try:
        with live_service(), box.hosts(NAME):
            box.shows_signal(Signal.IDLE, limit_s=60)
            time.sleep(3)
            lit_ms = [1000 * _press_to_light_s() for _ in range(_TAPS)]
    finally:
        box.CONFIG.write_text(before)
    expect(statistics.median(lit_ms) < _MOST_TO_LIGHT_MS, f"{lit_ms}")
    return f"{statistics.median(lit_ms):.1f} ms after it at the median"


def _press_to_light_s() -> float:
    with board.led_line() as line:
        began = time.monotonic()
        board.press()
        while os.pread(line, 1, 0) != b"1":
            time.sleep(0.0002)
        seconds = time.monotonic() - began
    board.release()
    time.sleep(0.4)
    return seconds
