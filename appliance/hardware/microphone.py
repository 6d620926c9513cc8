# SPDX-License-Identifier: MIT
"""Turns the microphone into periods of PCM, each with the time it was taken."""

import math
import time
from collections import deque
from collections.abc import Callable

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.core.events import CaptureOverran, Event, PeriodCaptured
from appliance.hardware.card import Card, Choice, Stream

#: How much slower than its nominal rate a card may run: crystals keep to 100 ppm.
_SLOWEST = 1 + 300e-6
#: This many late callbacks in a row are more than a hiccup of the machine.
_LATE_IN_A_ROW, _LATE_PERIODS = 8, 1 / 4


class Microphone:
    """The capture stream of `device`; posts PeriodCaptured and CaptureOverran.

    Threads: open and close on the event loop; periods are posted from the card's.
    """

    def __init__(
        self,
        card: Card,
        *,
        device: Choice,
        period_frames: int,
        post: Callable[[Event], None],
    ) -> None:
        self._card = card
        #: What counts the next time it is opened.
        self.device = device
        self._period_frames = period_frames
        self._post = post
        self._stream: Stream | None = None
        #: When it last called back (monotonic s), whether it is open now or not.
        self.beat_at = -math.inf

    @property
    def reopened_at(self) -> float:
        """When its stream was last opened again (monotonic s), see Stream."""
        return self._stream.reopened_at if self._stream else -math.inf

    async def open(self) -> None:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        assert self._stream is None, "the microphone is open"
        self._clock = CaptureClock(self._period_frames / CAPTURE_RATE_HZ)
        self._stream = await self._card.open_capture(
            self.device, CAPTURE_RATE_HZ, self._period_frames, self._hear
        )

    async def close(self) -> None:
        """Raises CardHung."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    def _hear(self, pcm: bytes, overran: bool) -> None:
        now = self.beat_at = time.monotonic()
        if overran:
            self._post(CaptureOverran(now))
        self._post(PeriodCaptured(pcm, self._clock.ended_at(now, overran)))


class CaptureClock:
    """Tells when a period ended from when its callback came: late, but never early."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._last_ended_at: float | None = None
        #: By how much the last callbacks came after they were due.
        self._lags_s: deque[float] = deque(maxlen=_LATE_IN_A_ROW)

    def ended_at(self, now: float, overran: bool) -> float:
        """The end of the period whose callback came `now`.

        One period after the last one, unless the callback came before that. A busy
        machine fetches some periods late, and the next ones on time again. When frames
        were lost, which PortAudio does not always report, all later ones are late.
        """
        if self._last_ended_at is None or overran:
            self._lags_s.clear()
            self._last_ended_at = now
            return now
        due = self._last_ended_at + self._period_s * _SLOWEST
        self._lags_s.append(now - due)
        off_s = min(self._lags_s)
        if off_s > 0 and not self._are_all_late(off_s):
            off_s = 0.0
        if off_s:
            self._lags_s.clear()
        self._last_ended_at = due + off_s
        return self._last_ended_at

    def _are_all_late(self, least_s: float) -> bool:
        some_s = self._period_s * _LATE_PERIODS
        return len(self._lags_s) == _LATE_IN_A_ROW and least_s > some_s
