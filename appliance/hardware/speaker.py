# SPDX-License-Identifier: MIT
"""Plays answers and earcons, falls silent when told to, and reports what was heard.

The stream runs from open to close, and plays silence when there is nothing else: its
callbacks show that the card is alive. How a sound is cut short is the card's matter:
either what the card holds, two periods, runs out under a short fade; or the stream is
restarted, which is quicker, but stops the card. Some amplifiers pop then, and some
drivers never start again (raspberrypi/linux #7322).
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Literal

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ, amplify, fade, fade_out
from appliance.core.events import (
    Event,
    PlaybackDrained,
    PlaybackSilenced,
    PlaybackStarted,
    PlaybackUnderran,
)
from appliance.hardware.card import Card, Choice, Stream
from appliance.hardware.jitter_buffer import NOTHING, JitterBuffer, Taken
from appliance.hardware.prefill import Prefill

Cut = Literal["run-out", "restart"]

#: Long enough against a click, and short against the two periods before it.
_FADE_FRAMES = round(0.002 * PLAYBACK_RATE_HZ)
#: A stream that runs asks for a period at once; after this time it never will.
_PLAYS_WITHIN_S = 1.0

_log = logging.getLogger(__name__)


class Speaker:
    """The playback stream of `device`, fed from a jitter buffer that survives it.

    Threads: open and close on the event loop, play, drain, drop and `gain` on any;
    periods are taken, and events posted, on the card's and on any.
    """

    def __init__(
        self,
        card: Card,
        *,
        device: Choice,
        period_frames: int,
        cut: Cut,
        prefill: Prefill,
        gain: float,
        post: Callable[[Event], None],
    ) -> None:
        self._card = card
        self._device = device
        self._period_frames = period_frames
        self._silence = bytes(period_frames * FRAME_BYTES)
        self._period_s = period_frames / PLAYBACK_RATE_HZ
        self._post = post
        self._buffer = JitterBuffer(prefill)
        self._stream: Stream | None = None
        #: A period is taken before a drop, or after it.
        self._lock = threading.Lock()
        #: The card holds sound up to here (monotonic s).
        self._sounds_until = -math.inf
        #: How a sound is cut, and whether that is going on: nothing new is played then.
        self._cut: Cut = cut
        self._is_cutting = False
        #: The rest of a sound that was cut, which fades out in the next period.
        self._fading = b""
        #: Since when no period was asked for after a cut, or after an opening.
        self._restarted_at: float | None = None
        self._opened_at: float | None = None
        self._mute_is_told = False
        self.gain = self._heard_gain = gain
        #: When it last called back (monotonic s), whether it is open now or not.
        self.beat_at = -math.inf

    @property
    def gain(self) -> float:
        """May change at any time; it is faded to, within a period."""
        return self._gain

    @gain.setter
    def gain(self, gain: float) -> None:
        amplify(b"", gain)  # Loads numpy here, if it is needed, not in a callback.
        self._gain = gain

    async def open(self) -> None:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        assert self._stream is None, "the speaker is open"
        self._stream = await self._card.open_playback(
            self._device, PLAYBACK_RATE_HZ, self._period_frames, self._fill
        )
        self._opened_at = time.monotonic()

    @property
    def reopened_at(self) -> float:
        """When its stream was last opened again (monotonic s), see Stream."""
        return self._stream.reopened_at if self._stream else -math.inf

    async def close(self) -> None:
        """What waits to be played waits on. Raises CardHung."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._judge(stream.reopened_at)
            await stream.close()

    @property
    def waiting_s(self) -> float:
        """So much sound waits to be played."""
        return self._buffer.waiting_s

    def play(self, pcm: bytes) -> None:
        """Append s16le mono at 24 kHz; how much waits is the caller's matter."""
        self._buffer.play(pcm, time.monotonic())

    def drain(self, segment: int) -> None:
        """No more is coming: play out, then post PlaybackDrained(segment)."""
        self._buffer.drain(segment)

    def insert(self, pcm: bytes, segment: int) -> None:
        """Append a sound of whole frames, then post PlaybackDrained(segment)."""
        self._buffer.insert(pcm, segment)

    def drop(self) -> None:
        """Silence at once; PlaybackSilenced follows if there was sound."""
        with self._lock:
            now = time.monotonic()
            sounds = now < self._sounds_until
            fading = self._rest() if sounds and self._cut == "run-out" else b""
            cut = self._buffer.drop() or sounds
            if not cut or self._is_cutting:
                return
            self._is_cutting = self._cut == "restart" or bool(fading)
            self._fading = fading
        if self._stream is None:
            self._fading = b""
            self._silenced()
        elif self._cut == "restart":
            self._stream.restart(self._restarted)
        elif not fading:
            self._silenced(max(now, self._sounds_until))

    def _rest(self) -> bytes:
        """How the sound that is being played would go on, fading out."""
        rest = self._buffer.take(_FADE_FRAMES).pcm
        return fade_out(rest, self._heard_gain)

    def _restarted(self) -> None:
        self._restarted_at = time.monotonic()
        self._silenced()

    def _silenced(self, at: float | None = None) -> None:
        self._sounds_until = -math.inf
        self._is_cutting = False
        self._post(PlaybackSilenced(time.monotonic() if at is None else at))

    def _judge(self, reopened_at: float) -> None:
        """The stream is closed: has it played since it was opened, and since a cut?"""
        opened_at, self._opened_at = self._opened_at, None
        restarted_at, self._restarted_at = self._restarted_at, None
        if restarted_at is not None:
            if _is_overdue(max(restarted_at, reopened_at)):
                self._give_up_restarting()
        elif opened_at is not None and -math.inf < self.beat_at < opened_at:
            self._tell_if_it_is_mute(max(opened_at, reopened_at))

    def _give_up_restarting(self) -> None:
        self._cut = "run-out"
        _log.warning(
            "the speaker's card did not play on after it was stopped for a cut: it is "
            'not stopped any more; set [speaker] cut to "run-out"'
        )

    def _tell_if_it_is_mute(self, since: float) -> None:
        if _is_overdue(since) and not self._mute_is_told:
            self._mute_is_told = True
            _log.error(
                "the speaker's card does not play though it was opened again: if it "
                "stays so, only a reboot helps, or loading its driver again"
            )

    def _fill(self, underran: bool) -> bytes:
        now = self.beat_at = time.monotonic()
        self._restarted_at, self._mute_is_told = None, False
        # The card holds two periods, and asks for one when one has been played: what it
        # is given now is heard when the other one has been.
        heard_at = now + self._period_s
        if self._fading:
            return self._faded(now, heard_at)
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

    def _faded(self, now: float, heard_at: float) -> bytes:
        """A period with the end of a sound that was cut."""
        with self._lock:
            fading, self._fading = self._fading, b""
        if now > self._sounds_until:
            # The card has run dry meanwhile: to sound again would be no fade.
            fading, heard_at = b"", now
        self._silenced(heard_at + len(fading) / FRAME_BYTES / PLAYBACK_RATE_HZ)
        return fading.ljust(len(self._silence), b"\0")

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


def _is_overdue(since: float) -> bool:
    return time.monotonic() - since > _PLAYS_WITHIN_S
