# SPDX-License-Identifier: MIT
"""What a process writes to stderr: systemd would put it into the journal."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

#: Copies of one line that are kept.
_MOST_COPIES = 50
_READ_BYTES = 1 << 16


class Journal:
    """Lines with their times; `heard` is called when there are more.

    Threads: the event loop's only.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        #: When (monotonic s), and what; of a flood only the begin.
        self.lines: list[tuple[float, str]] = []
        self.total = 0
        self._copies: Counter[bytes] = Counter()
        self._heard = heard

    async def read(self, stderr: asyncio.StreamReader) -> None:
        """Until the process closes it."""
        partial = b""
        while piece := await stderr.read(_READ_BYTES):
            *lines, partial = (partial + piece).split(b"\n")
            self._note(lines)
        self._note([partial] if partial else [])

    def _note(self, lines: list[bytes]) -> None:
        now = time.monotonic()
        self.total += len(lines)
        for line in lines:
            self._copies[line] += 1
            if self._copies[line] <= _MOST_COPIES:
                self.lines.append((now, line.decode(errors="replace")))
        self._heard()
