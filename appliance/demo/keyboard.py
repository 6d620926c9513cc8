# SPDX-License-Identifier: MIT
"""A person at a terminal, where the space bar is the talk button."""

import asyncio
import contextlib
import os
import signal
import termios
import time
import tty
from collections.abc import AsyncIterator, Iterator
from typing import TextIO

from appliance.core.talk_mode import TalkMode
from appliance.demo.script import TAP, Act, Command, perform

#: What the keys do, in each talk mode.
HELP = {
    TalkMode.HOLD: "space: hold, or press to start and to end; t: tap; q: quit",
    TalkMode.TOGGLE: "space: press, once to start and once to end; q: quit",
    TalkMode.HANDS_FREE: "space: press, to open the microphone and to close it, or to "
    "silence an answer; q: quit",
}


class SpaceBar:
    """Held, or struck to start and again to stop: a terminal reports no key-up.

    After the stroke that presses, each stroke moves the release: a held key repeats
    until the finger lifts, a second stroke stands alone. Where only presses count, each
    stroke is one, and repetitions are ignored.
    """

    #: Repetitions of a held key come 20-40 ms apart.
    _REPEAT_S = 0.12

    def __init__(self, mode: TalkMode) -> None:
        self._mode = mode
        self._down = False
        self._struck_at = float("-inf")
        #: When to release, unless a space comes earlier (monotonic s).
        self.deadline: float | None = None

    def stroke(self, now: float) -> list[Command]:
        """A space arrived."""
        if self._mode is not TalkMode.HOLD:
            repeated = now - self._struck_at < self._REPEAT_S
            self._struck_at = now
            return [] if repeated else TAP
        if self._down:
            self.deadline = now + self._REPEAT_S
            return []
        self._down = True
        return [Act.PRESS]

    def settle(self) -> list[Command]:
        """No space came until the deadline."""
        self._down, self.deadline = False, None
        return [Act.RELEASE]


#: A key, and when it arrived (monotonic s).
_Stroke = tuple[bytes, float]


async def keys(source: TextIO, mode: TalkMode) -> AsyncIterator[Act]:
    """The acts that are typed at the terminal `source`, until q, Ctrl-D or its end."""
    space, loop = SpaceBar(mode), asyncio.get_running_loop()
    typed: asyncio.Queue[_Stroke] = asyncio.Queue()
    with _unbuffered(source) as fd:
        loop.add_reader(fd, lambda: typed.put_nowait(_read(fd)))
        # After Ctrl-Z and fg: the shell has set the terminal as it wants it.
        loop.add_signal_handler(signal.SIGCONT, _unbuffer, fd)
        try:
            while True:
                async for act in perform(await _next(space, typed)):
                    yield act
                    if act is Act.QUIT:
                        return
        finally:
            loop.remove_signal_handler(signal.SIGCONT)
            loop.remove_reader(fd)


async def _next(space: SpaceBar, typed: asyncio.Queue[_Stroke]) -> list[Command]:
    due = space.deadline
    try:
        async with asyncio.timeout(due and max(0.0, due - time.monotonic())):
            key, at = await typed.get()
    except TimeoutError:
        return space.settle()
    match key:
        case b" ":
            return space.stroke(at)
        case b"t":
            return TAP
        case b"q" | b"\x04" | b"":
            return [Act.QUIT]
        case _:
            return []


def _read(fd: int) -> _Stroke:
    return os.read(fd, 1), time.monotonic()


@contextlib.contextmanager
def _unbuffered(source: TextIO) -> Iterator[int]:
    """The terminal gives each key at once, unechoed, until the end of the block."""
    fd = source.fileno()
    before = termios.tcgetattr(fd)
    _unbuffer(fd)
    try:
        yield fd
    finally:
        if _is_in_front(fd):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _unbuffer(fd: int) -> None:
    if _is_in_front(fd):
        tty.setcbreak(fd, termios.TCSADRAIN)


def _is_in_front(fd: int) -> bool:
    """A terminal stops a background process that sets its mode (SIGTTOU)."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return True  # Not our controlling terminal.
