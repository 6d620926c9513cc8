# SPDX-License-Identifier: MIT
"""A sound card made of WAV files, for machines without one; and what goes with it.

The classes fit the hardware's Card, whose shape they share and which they do not
import. `device` means nothing to them.
"""

import asyncio
import itertools
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from appliance.basics.pcm import FRAME_BYTES
from appliance.simulator.wav import Fill, WavRecorder

Hear = Callable[[bytes, bool], None]


class WavCard:
    """A microphone that hears the sound given to `say`; a speaker that fills a WAV.

    While nothing is said the microphone hears `ambience` over and over, or silence.

    Threads: `say` on any; each stream calls back on one of its own.
    """

    def __init__(self, *, heard: Path | None = None, ambience: bytes = b"") -> None:
        """`ambience` is s16le mono at 16 kHz. Raises WavUnusable for `heard`."""
        self._recorder = None if heard is None else WavRecorder(heard)
        self._sound = _Sound(ambience)

    def say(self, pcm: bytes) -> None:
        """Have the microphone hear s16le mono at 16 kHz, after what was said before."""
        self._sound.say(pcm)

    async def open_capture(
        self, device: object, rate_hz: int, period_frames: int, hear: Hear
    ) -> "PacedStream":
        """A running microphone."""
        length = period_frames * FRAME_BYTES
        return PacedStream(
            period_frames / rate_hz, lambda: hear(self._sound.next(length), False)
        )

    async def open_playback(
        self, device: object, rate_hz: int, period_frames: int, fill: Fill
    ) -> "PacedStream":
        """A running speaker."""
        if self._recorder is not None:
            fill = self._recorder.recorded(fill)
        return PacedStream(period_frames / rate_hz, lambda: fill(False))


class RecordingCard:
    """Another card, and a WAV file of what it is given to play: of a sound that is cut,
    up to two periods more than is heard.

    Threads: as the other card's; the file is written on its playback thread, which a
    service's speaker must not do, and a demo may.
    """

    def __init__(self, card: "AnyCard", heard: Path) -> None:
        """Raises WavUnusable if `heard` cannot be written."""
        self._card = card
        self._recorder = WavRecorder(heard)

    async def open_capture(
        self, device: Any, rate_hz: int, period_frames: int, hear: Hear
    ) -> "AnyStream":
        """As the other card's."""
        return await self._card.open_capture(device, rate_hz, period_frames, hear)

    async def open_playback(
        self, device: Any, rate_hz: int, period_frames: int, fill: Fill
    ) -> "AnyStream":
        """As the other card's."""
        recorded = self._recorder.recorded(fill)
        return await self._card.open_playback(device, rate_hz, period_frames, recorded)


class PacedStream:
    """Calls `beat` at the end of each period by the monotonic clock, until closed.

    Threads: close on the event loop, restart on any, `beat` on its own.
    """

    def __init__(
        self,
        period_s: float,
        beat: Callable[[], object],
    ) -> None:
        self._period_s = period_s
        self._beat = beat
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """End it; twice is fine."""
        self._closing.set()
        await asyncio.to_thread(self._thread.join)

    @property
    def reopened_at(self) -> float:
        """It never is."""
        return -math.inf

    def restart(self, silenced: Callable[[], None]) -> None:
        """It holds nothing that could sound on."""
        silenced()

    def _run(self) -> None:
        ends_at = time.monotonic() + self._period_s
        while not self._closing.wait(max(0.0, ends_at - time.monotonic())):
            self._beat()
            ends_at += self._period_s


class AnyStream(Protocol):
    @property
    def reopened_at(self) -> float: ...
    async def close(self) -> None: ...
    def restart(self, silenced: Callable[[], None]) -> None: ...


class AnyCard(Protocol):
    async def open_capture(
        self, device: Any, rate_hz: int, period_frames: int, hear: Hear
    ) -> AnyStream: ...

    async def open_playback(
        self, device: Any, rate_hz: int, period_frames: int, fill: Fill
    ) -> AnyStream: ...


class _Sound:
    """The sound in the air: first what was said, then the ambience."""

    def __init__(self, ambience: bytes) -> None:
        self._lock = threading.Lock()
        self._said = bytearray()
        self._ambience = itertools.cycle(ambience or b"\0")

    def say(self, pcm: bytes) -> None:
        with self._lock:
            self._said += pcm

    def next(self, length: int) -> bytes:
        with self._lock:
            said = bytes(self._said[:length])
            del self._said[:length]
        return said + bytes(itertools.islice(self._ambience, length - len(said)))
