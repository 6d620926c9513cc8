# SPDX-License-Identifier: MIT
"""A person at the box as a script: presses and releases, and when."""

import asyncio
import os
import stat
import threading
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from appliance.basics.errors import UsageError

HELP = """\
  press            the button goes down
  release          the button goes up
  tap              down, and up 100 ms later
  wait SECONDS     do nothing for this long
  quit             stop at once; without it the demo ends after the last answer
  # ...            a comment
A file is checked before it starts; a pipe is read line by line, as it is written."""

#: Names the place of a mistake in an open file.
_PLACE = "script line"


class Act(Enum):
    """What a person can do to the box."""

    PRESS = "press"
    RELEASE = "release"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


Command = Act | Wait
TAP: list[Command] = [Act.PRESS, Wait(0.1), Act.RELEASE]


class ScriptUnusable(UsageError):
    """A line that is no command, or a file that cannot be read; one line says why."""


def parse(line: str, place: str) -> list[Command]:
    """The commands of one line; blank lines and comments have none.

    Raises:
        ScriptUnusable: names `place`, the line and the allowed commands.
    """
    words = line.partition("#")[0].split()
    match words:
        case []:
            return []
        case ["press" | "release" | "quit" as act]:
            return [Act(act)]
        case ["tap"]:
            return TAP
        case ["wait", text] if (wait_s := _seconds(text)) is not None:
            return [Wait(wait_s)]
        case _:
            raise ScriptUnusable(
                f"{place}: {' '.join(words)!r}: expected press, release, tap, "
                "wait SECONDS (0 to 3600) or quit"
            )


def read(path: Path) -> list[str]:
    """All lines of the script at `path`, checked. Raises ScriptUnusable."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ScriptUnusable(f"{path}: cannot be read: {reason}") from None
    return _checked(lines, f"{path}, line")


def _checked(lines: list[str], place: str) -> list[str]:
    """Raises ScriptUnusable."""
    for number, line in enumerate(lines, 1):
        parse(line, f"{place} {number}")
    return lines


def opened(fd: int) -> AsyncIterator[str]:
    """The lines of an open file: a regular file is read whole and checked, a pipe is
    read as it is written. Raises ScriptUnusable."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return arriving(fd)
    with open(fd, encoding="utf-8", errors="replace", closefd=False) as file:
        return given(_checked(file.read().splitlines(), _PLACE))


async def acts(lines: AsyncIterator[str]) -> AsyncIterator[Act]:
    """The acts of a script, each at its time. Raises ScriptUnusable."""
    number = 0
    async for line in lines:
        number += 1
        async for act in perform(parse(line, f"{_PLACE} {number}")):
            yield act


async def perform(commands: Iterable[Command]) -> AsyncIterator[Act]:
    """Wait where it says so, and yield the rest."""
    for command in commands:
        match command:
            case Wait(wait_s):
                await asyncio.sleep(wait_s)
            case Act():
                yield command


async def given(lines: Iterable[str]) -> AsyncIterator[str]:
    """`lines`, for `acts`."""
    for line in lines:
        yield line


async def arriving(fd: int) -> AsyncIterator[str]:
    """The lines of an open file, as another program writes them."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str] = asyncio.Queue()

    def copy() -> None:
        # Not sys.stdin: Python cannot exit while a thread reads from that.
        with open(fd, encoding="utf-8", errors="replace", closefd=False) as lines:
            for line in lines:
                loop.call_soon_threadsafe(queue.put_nowait, line)
        loop.call_soon_threadsafe(queue.put_nowait, "")

    # A thread, because epoll cannot wait for a regular file.
    threading.Thread(target=copy, daemon=True).start()
    while line := await queue.get():
        yield line


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 3600 else None
