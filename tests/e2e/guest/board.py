# SPDX-License-Identifier: MIT
"""The far ends of what is soldered to the box: a finger on the button, an eye on the
LED."""

import ctypes
import os
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from verdict import run, until

TALK_GPIO, LED_GPIO = 17, 27
_CHIP = Path("/sys/kernel/config/gpio-sim/board")
#: A look at the LED takes this share of its 10 ms of pulse width.
_LOOK_S = 0.0007
#: So long is one value of the light's course.
_WINDOW_S = 0.05
#: ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS.
_SET_ERRORS_AND_STATUS = 0x1C
_TIMEX_BYTES = 208


def fit(*parts: str) -> None:
    """Add or take away parts of the machine: see /usr/local/sbin/board."""
    run("board", *parts)


def asked(word: str) -> str:
    """What the kernel's command line says after boot-test.`word`=."""
    words = Path("/proc/cmdline").read_text().split()
    prefix = f"boot-test.{word}="
    return next(w.removeprefix(prefix) for w in words if w.startswith(prefix))


def set_true_date() -> None:
    run("date", "--set", f"@{float(asked('booted-at')) + time.monotonic():.0f}")


def make_root_read_only() -> None:
    """As after an error of the disk."""
    Path("/proc/sysrq-trigger").write_text("u")
    until(lambda: not os.access("/etc", os.W_OK), "a root that is read-only")


def synchronise() -> None:
    """Let the kernel believe that its clock is the network's (man adjtimex)."""
    timex = struct.pack("=I4x4qi", _SET_ERRORS_AND_STATUS, 0, 0, 0, 0, 0)
    ctypes.CDLL(None).adjtimex(timex.ljust(_TIMEX_BYTES, b"\0"))


def press(gpio: int = TALK_GPIO) -> None:
    _pull(gpio, "pull-down")


def release(gpio: int = TALK_GPIO) -> None:
    _pull(gpio, "pull-up")


def hold(seconds: float) -> None:
    press()
    time.sleep(seconds)
    release()


def tap() -> None:
    hold(0.1)


def brightness(seconds: float = 0.3) -> float:
    """0..1: the share of `seconds` that the LED is lit."""
    looks = _looks(seconds)
    return sum(looks) / len(looks)


def flashes() -> bool:
    """The LED shows that the box is alive, and no more."""
    return 0.0 < brightness(4.5) < 0.03


def glows(check: Callable[[list[float]], bool], what: str, seconds: float) -> None:
    """Wait until some `seconds` of the light's course pass `check`."""
    course: deque[float] = deque(maxlen=round(seconds / _WINDOW_S))

    def passes() -> bool:
        course.append(brightness(_WINDOW_S))
        return len(course) == course.maxlen and check(list(course))

    until(passes, f"the LED shows {what}", every_s=0)


def blinks(course: list[float]) -> int:
    """How often the light comes on between two long pauses; 0 without those."""
    lit = "".join("x" if level > 0.5 else "." for level in course)
    groups = lit.split("." * 18)
    whole = [group for group in groups[1:-1] if group]
    return len([run for run in whole[0].split(".") if run]) if whole else 0


def _looks(seconds: float) -> list[bool]:
    with led_line() as line:
        # One at least, also where the whole machine stands still meanwhile.
        end_at = time.monotonic() + seconds
        looks = [os.pread(line, 1, 0) == b"1"]
        while time.monotonic() < end_at:
            time.sleep(_LOOK_S)
            looks.append(os.pread(line, 1, 0) == b"1")
        return looks


@contextmanager
def led_line() -> Iterator[int]:
    """A file to pread the LED's level from: b"0" or b"1"."""
    line = os.open(_line(LED_GPIO) / "value", os.O_RDONLY)
    try:
        yield line
    finally:
        os.close(line)


def _pull(gpio: int, way: str) -> None:
    (_line(gpio) / "pull").write_text(way)


def _line(number: int) -> Path:
    """The folder of one line of the simulated chip (Documentation: gpio-sim)."""
    device = (_CHIP / "dev_name").read_text().strip()
    chip = (_CHIP / "bank0" / "chip_name").read_text().strip()
    return Path("/sys/devices/platform", device, chip, f"sim_gpio{number}")
