# SPDX-License-Identifier: MIT
"""Holds an answer that arrives in bursts until the speaker wants it, evenly."""

import threading
from collections import deque

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.basics.record import Struct
from appliance.hardware.prefill import Arrivals, Prefill


class Taken(Struct, frozen=True):
    """A period for the speaker, and what happened in it."""

    #: A full period, silence after the first `frames`; empty if there are none.
    pcm: bytes
    frames: int
    #: Sound begins with this period.
    began: bool
    #: Sound ends with this period, though more was to come: an underrun.
    ran_dry: bool
    #: Sound ends with this period, as ordered by drain(segment).
    drained: int | None


#: There was nothing to play, and there is nothing.
NOTHING = Taken(b"", 0, began=False, ran_dry=False, drained=None)


class JitterBuffer:
    """PCM in any amounts in, whole periods out: s16le mono at 24 kHz.

    It fills until the prefill is there or no more is to come, then plays until empty.

    Threads: any.
    """

    def __init__(self, prefill: Prefill) -> None:
        self._prefill = prefill
        #: Of the answer that is arriving.
        self._arrivals: Arrivals | None = None
        self._lock = threading.Lock()
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._half_frame = b""
        self._draining: int | None = None
        self._plays = False
        self._sounds = False

    @property
    def waiting_s(self) -> float:
        """So much sound waits."""
        return _seconds(self._waiting_bytes)

    def play(self, pcm: bytes, at: float) -> None:
        """Append what has arrived `at`; an odd byte waits for its other half."""
        with self._lock:
            arrivals = self._arrivals or Arrivals(at)
            self._arrivals = arrivals.add(at, _seconds(len(pcm)))
            self._append(self._whole_frames(pcm))

    def drain(self, segment: int) -> None:
        """No more is coming: play out what there is, then report `segment` drained.

        An order that comes before the last one is fulfilled takes its place.
        """
        with self._lock:
            self._learn()
            self._draining = segment
            self._half_frame = b""

    def insert(self, pcm: bytes, segment: int) -> None:
        """Append a sound of whole frames, and drain; what comes in two halves, before
        and after it, stays whole."""
        with self._lock:
            self._append(memoryview(pcm))
            self._draining = segment

    def drop(self) -> bool:
        """Discard all that waits; an order to drain with it. Whether that cuts a sound
        that had begun."""
        with self._lock:
            self._arrivals = None
            self._waiting.clear()
            self._waiting_bytes = 0
            self._half_frame = b""
            self._draining = None
            self._plays = False
            cut, self._sounds = self._sounds, False
            return cut

    def take(self, frames: int) -> Taken:
        """The next period of `frames`: silence, if there is nothing to play."""
        wanted = frames * FRAME_BYTES
        with self._lock:
            if not (self._plays or self._may_play()):
                return NOTHING
            starts, self._plays = not self._plays, True
            pcm = self._next(wanted)
            began = starts and pcm != b""
            self._sounds |= began
            ran_dry, drained = self._ending(len(pcm) < wanted)
            if ran_dry:
                self._prefill = self._prefill.underran()
        padded = pcm and pcm.ljust(wanted, b"\0")
        return Taken(padded, len(pcm) // FRAME_BYTES, began, ran_dry, drained)

    def _learn(self) -> None:
        """All of an answer has arrived."""
        if self._arrivals:
            self._prefill = self._prefill.after(self._arrivals)
        self._arrivals = None

    def _append(self, whole: memoryview) -> None:
        if whole:
            self._waiting.append(whole)
            self._waiting_bytes += len(whole)

    def _whole_frames(self, pcm: bytes) -> memoryview:
        whole = self._half_frame + pcm
        end = len(whole) - len(whole) % FRAME_BYTES
        self._half_frame = whole[end:]
        return memoryview(whole)[:end]

    def _may_play(self) -> bool:
        if self._draining is not None:
            return True
        return bool(self._waiting) and self.waiting_s >= self._prefill.now_s

    def _next(self, length: int) -> bytes:
        parts = []
        while length and self._waiting:
            part = self._waiting.popleft()
            if len(part) > length:
                self._waiting.appendleft(part[length:])
                part = part[:length]
            parts.append(part)
            length -= len(part)
            self._waiting_bytes -= len(part)
        return b"".join(parts)

    def _ending(self, fell_short: bool) -> tuple[bool, int | None]:
        """Whether playing ends here: (by running dry, by draining `segment`)."""
        if self._waiting:
            return False, None
        drained, self._draining = self._draining, None
        if drained is not None:
            self._plays = self._sounds = False
            return False, drained
        # Not dry yet if the last frame fills the period: more may come in time.
        self._plays = not fell_short
        return fell_short, None


def _seconds(length: int) -> float:
    """Of so many bytes."""
    return length / FRAME_BYTES / PLAYBACK_RATE_HZ
