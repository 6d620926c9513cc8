# SPDX-License-Identifier: MIT
"""Plays answers and earcons, falls silent at once when told, and says what was heard.

The stream runs from open to close and plays silence when there is nothing else: that
is what tells that the card is alive. A sound is cut by restarting it, which discards
what the card holds already, two periods: so those may be long, and few.
"""

import math
import threading
import time
from collections.abc import Callable

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ, amplify, fade
from appliance.core.events import (
    Event,
    PlaybackDrained,
    PlaybackSilenced,
    PlaybackStarted,
    PlaybackUnderran,
)
from appliance.hardware.card import Card, Stream
from appliance.hardware.jitter_buffer import NOTHING, JitterBuffer, Taken


class Speaker:
    """The playback stream of `device`, fed from a jitter buffer that survives it.

    Threads: open and close on the event loop, play, drain, drop and `gain` on any;
    periods are taken, and events posted, on the card's and on any.
    """

    def __init__(
        self,
        card: Card,
        *,
        device: str,
        period_frames: int,
        prefill_ms: int,
        gain: float,
        post: Callable[[Event], None],
    ) -> None:
        self._card = card
        self._device = device
        self._period_frames = period_frames
        self._silence = bytes(period_frames * FRAME_BYTES)
        self._period_s = period_frames / PLAYBACK_RATE_HZ
        self._post = post
        self._buffer = JitterBuffer(prefill_ms)
        self._stream: Stream | None = None
        #: A period is taken before a drop, or after it.
        self._lock = threading.Lock()
        #: The card holds sound up to here (monotonic s).
        self._sounds_until = -math.inf
        #: Until the card has let go of what was dropped, it is given nothing new.
        self._is_cutting = False
        self.gain = self._heard_gain = gain
        #: When it last called back (monotonic s), whether it is open now or not.
        self.beat_at = -math.inf

    @property
    def gain(self) -> float:
        """May change at any time; it is faded to, within a period."""
        return self._gain

    @gain.setter
    def gain(self, gain: float) -> None:
        amplify(b"", gain)  # What it takes to load is loaded here, not by a callback.
        self._gain = gain

    async def open(self) -> None:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        assert self._stream is None, "the speaker is open"
        self._stream = await self._card.open_playback(
            self._device, PLAYBACK_RATE_HZ, self._period_frames, self._fill
        )

    async def close(self) -> None:
        """What waits to be played waits on. Raises CardHung."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    def play(self, pcm: bytes) -> bool:
        """Append s16le mono at 24 kHz. False: five minutes wait, `pcm` is refused."""
        return self._buffer.play(pcm)

    def drain(self, segment: int) -> None:
        """No more is coming: play out, then post PlaybackDrained(segment)."""
        self._buffer.drain(segment)

    def insert(self, pcm: bytes, segment: int) -> None:
        """Append a sound of whole frames, then post PlaybackDrained(segment)."""
        self._buffer.insert(pcm, segment)

    def drop(self) -> None:
        """Silence at once; PlaybackSilenced follows if there was sound."""
        with self._lock:
            cut = self._buffer.drop() or time.monotonic() < self._sounds_until
            if not cut or self._is_cutting:
                return
            self._is_cutting = True
        if self._stream is None:
            self._silenced()
        else:
            self._stream.restart(self._silenced)

    def _silenced(self) -> None:
        self._sounds_until = -math.inf
        self._is_cutting = False
        self._post(PlaybackSilenced(time.monotonic()))

    def _fill(self, underran: bool) -> bytes:
        now = self.beat_at = time.monotonic()
        # The card holds two periods, and asks for one when one has been played: what it
        # is given now is heard when the other one has been.
        heard_at = now + self._period_s
        taken = self._take(heard_at)
        if taken is NOTHING:
            self._heard_gain = self._gain
            return self._silence
        if taken.began:
            self._post(PlaybackStarted(heard_at))
        if taken.ran_dry or (underran and taken.frames and not taken.began):
            self._post(PlaybackUnderran(now))
        if taken.drained is not None:
            ends_at = heard_at + taken.frames / PLAYBACK_RATE_HZ
            self._post(PlaybackDrained(taken.drained, ends_at))
        return self._amplified(taken)

    def _take(self, heard_at: float) -> Taken:
        with self._lock:
            if self._is_cutting:
                return NOTHING
            taken = self._buffer.take(self._period_frames)
            if taken.frames:
                self._sounds_until = heard_at + self._period_s
            return taken

    def _amplified(self, taken: Taken) -> bytes:
        before, gain = self._heard_gain, self.gain
        self._heard_gain = gain
        if not taken.frames:
            return self._silence
        # What begins with this period has no gain to come from.
        if before == gain or taken.began:
            return amplify(taken.pcm, gain)
        return fade(taken.pcm, before, gain)
