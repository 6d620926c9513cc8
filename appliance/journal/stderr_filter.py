# SPDX-License-Identifier: MIT
"""Thins out what C libraries write to stderr: PortAudio writes 250,000 lines a second
when its card is unplugged (PortAudio #1037)."""

import faulthandler
import logging
import os
import sys
import threading
import time

_LINES, _WITHIN_S = 5, 60.0
#: A line without an end is cut here.
_LONGEST_BYTES = 400

log = logging.getLogger("stderr")


def install() -> None:
    """Have a thread read file descriptor 2 and log part of what arrives.

    sys.stderr keeps its destination. What a library writes before it aborts the process
    comes too late to be read, so the stack of a crash is written directly.
    """
    # Line-buffered, like the one it replaces.
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(writer)
    threading.Thread(
        target=_listen, args=(reader,), name="native stderr", daemon=True
    ).start()


def _listen(reader: int) -> None:
    noise = Noise()
    while written := os.read(reader, 1 << 16):
        for line in noise.worth_saying(written, time.monotonic()):
            log.warning("%s", line)


class Noise:
    """Lets a few lines a minute through, and counts the rest.

    Threads: one.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._since = float("-inf")
        self._room = 0
        self._left_out = 0

    def worth_saying(self, written: bytes, now: float) -> list[str]:
        """The lines in `written` that may still be said `now` (monotonic s)."""
        *whole, rest = (self._rest + written).split(b"\n")
        self._rest = rest[:_LONGEST_BYTES]
        said = []
        if now - self._since > _WITHIN_S:
            if self._left_out:
                said.append(f"({self._left_out} more lines were left out)")
            self._since, self._room, self._left_out = now, _LINES, 0
        lines = [line for line in whole if line.strip()]
        told = [line[:_LONGEST_BYTES] for line in lines[: self._room]]
        self._room -= len(told)
        self._left_out += len(lines) - len(told)
        return said + [line.decode(errors="replace") for line in told]
