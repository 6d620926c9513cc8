# SPDX-License-Identifier: MIT
"""A room in which somebody never stops talking: noise that repeats nowhere."""

import asyncio
import os
from pathlib import Path

import numpy as np

_REFILL_EVERY_S = 2.0
_NOISE_FRAMES = 32_000


class Room:
    """Keeps the microphone of the virtual card in `directory` supplied.

    An async context manager. Whatever was heard is found in one place of the tape
    only, and a box that hears digital silence hears a fault.
    """

    def __init__(self, directory: Path, seed: int = 1) -> None:
        self._fifo = directory / "microphone.fifo"
        self._random = np.random.default_rng(seed)
        self._unsaid = b""

    async def __aenter__(self) -> "Room":
        self._file = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
        self._fill()
        self._talking = asyncio.create_task(self._talk())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._talking.cancel()
        os.close(self._file)

    async def _talk(self) -> None:
        while True:
            await asyncio.sleep(_REFILL_EVERY_S)
            self._fill()

    def _fill(self) -> None:
        """Write until the pipe is full; it takes half a minute."""
        while True:
            if not self._unsaid:
                loudness = self._random.integers(100, 20_000, _NOISE_FRAMES)
                self._unsaid = loudness.astype("<i2").tobytes()
            try:
                written = os.write(self._file, self._unsaid)
            except BlockingIOError:
                return
            self._unsaid = self._unsaid[written:]
