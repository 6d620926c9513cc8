# SPDX-License-Identifier: MIT
"""Opens the microphone's and the speaker's streams on the machine's sound cards.

PortAudio lists devices only when it is initialised, aborts the process on an ALSA
configuration without a default, and may never return from a call. The pitfalls of
opening and closing are dealt with here, those of a running stream in portaudio.py.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from appliance.hardware.abilities import Abilities, Direction
from appliance.hardware.alsa import Alsa
from appliance.hardware.call_thread import CallThread, Outcome, Result
from appliance.hardware.card import (
    CardHung,
    Choice,
    DeviceUnavailable,
    DeviceUnknown,
    Fill,
    Hear,
    Stream,
)
from appliance.hardware.card_list import PROC, SoundCard
from appliance.hardware.pcm_chain import PCM_NAMES
from appliance.hardware.portaudio import PortAudio, PortAudioStream, StreamSpec
from appliance.hardware.selection import Selected, Selection

#: Also for opening again, which some sinks take seconds for: Bluetooth, or HDMI.
OPEN_LIMIT_S = 10.0
CLOSE_LIMIT_S = 2.0

_log = logging.getLogger(__name__)

_LISTING = {"capture": "arecord -L", "playback": "aplay -L"}


class AlsaCard:
    """The machine's sound cards; one AlsaCard for a process, as PortAudio is global.

    Threads: the coroutines run on the event loop; PortAudio on one thread of its own.
    """

    def __init__(self, proc: Path = PROC) -> None:
        """`proc` lists the cards, as /proc/asound does."""
        self._thread = CallThread("sound card")
        self._alsa = Alsa()
        self._selection = Selection(self._alsa, proc)
        self._portaudio: PortAudio | None = None
        self._streams: list[_AlsaStream] = []
        #: Streams that are being opened, for the first time or again.
        self._opening: set[_AlsaStream] = set()

    async def open_capture(
        self, device: Choice, rate_hz: int, period_frames: int, hear: Hear
    ) -> Stream:
        """See Card."""

        def exchange(pcm: bytes, overran: bool) -> bytes:
            hear(pcm, overran)
            return b""

        return await self._open(
            StreamSpec("capture", device, rate_hz, period_frames, exchange)
        )

    async def open_playback(
        self, device: Choice, rate_hz: int, period_frames: int, fill: Fill
    ) -> Stream:
        """See Card."""

        def exchange(_: bytes, underran: bool) -> bytes:
            return fill(underran)

        return await self._open(
            StreamSpec("playback", device, rate_hz, period_frames, exchange)
        )

    async def select(self, direction: Direction, choice: Choice) -> Selected:
        """The PCM that would be opened. Raises DeviceUnavailable, CardHung."""
        return await self._call(
            lambda: self._selection.select(direction, choice), OPEN_LIMIT_S
        )

    async def abilities(self, card: SoundCard, direction: Direction) -> Abilities:
        """What a card can do. Raises OSError, CardHung."""
        return await self._call(
            lambda: self._selection.abilities(card, direction), OPEN_LIMIT_S
        )

    async def _open(self, wanted: StreamSpec) -> Stream:
        stream = _AlsaStream(wanted, self)
        try:
            await self._begin(stream)
        except asyncio.CancelledError:
            with suppress(CardHung):
                await self.close(stream)
            raise
        return stream

    async def _begin(self, stream: "_AlsaStream") -> None:
        self._opening.add(stream)
        try:
            await self._call(lambda: self._start(stream), OPEN_LIMIT_S)
        finally:
            self._opening.discard(stream)

    def restart(self, stream: "_AlsaStream", silenced: Callable[[], None]) -> None:
        """As the stream's own."""
        self._opening.add(stream)
        stream.begin_reopening()
        made = self._thread.submit(lambda: self._restart(stream, silenced))
        made.add_done_callback(_tell_a_failure)

    async def close(self, stream: "_AlsaStream") -> None:
        """As the stream's own. Cancelled, it returns only when the stream has ended:
        the next caller of PortAudio must find it at rest."""
        # A stream that is slow to open may come first.
        limit_s = CLOSE_LIMIT_S + (OPEN_LIMIT_S if self._opening else 0.0)
        try:
            await self._call(lambda: self._end(stream), limit_s)
        except asyncio.CancelledError:
            with suppress(CardHung):
                await self._call(lambda: None, CLOSE_LIMIT_S)
            raise

    async def _call(self, function: Callable[[], Result], limit_s: float) -> Result:
        try:
            return await self._thread.call(function, limit_s)
        except TimeoutError as error:
            raise CardHung(
                f"the sound card does not answer for {limit_s:g} s"
            ) from error

    # From here on all runs on the card's thread.

    def _start(self, stream: "_AlsaStream") -> None:
        try:
            stream.running = self._run(stream)
            self._streams.append(stream)
        finally:
            self._terminate_unless_used()

    def _end(self, stream: "_AlsaStream") -> None:
        stream.end()
        if stream in self._streams:
            self._streams.remove(stream)
        self._terminate_unless_used()

    def _restart(self, stream: "_AlsaStream", silenced: Callable[[], None]) -> None:
        try:
            # What ends a stream at once is closing it (snd_pcm_drop); stopping it waits
            # for the end of a period.
            try:
                stream.end()
            finally:
                silenced()
            if stream in self._streams and self._portaudio is not None:
                self._resume(stream, self._portaudio)
        finally:
            self._opening.discard(stream)
            stream.end_reopening()

    def _terminate_unless_used(self) -> None:
        # So that a stream which is opened alone always finds a fresh list.
        if not self._streams:
            self._terminate()

    def _terminate(self) -> None:
        if self._portaudio is not None:
            self._portaudio.terminate()
            self._portaudio = None

    def _run(self, stream: "_AlsaStream") -> PortAudioStream:
        wanted = stream.wanted
        selected = self._selection.select(wanted.direction, wanted.choice)
        stream.pcm = selected.pcm
        portaudio = self._portaudio or self._initialise(selected)
        self._must_be_usable(wanted, selected)
        index = portaudio.index_of(selected.pcm, wanted.direction)
        if index is None and self._alsa.defines(selected.pcm):
            portaudio = self._relist(selected)
            index = portaudio.index_of(selected.pcm, wanted.direction)
        if index is None:
            raise self._unlisted(wanted, selected, portaudio)
        try:
            return portaudio.opened(wanted, index)
        except OSError as error:
            raise DeviceUnavailable(f"{selected.label}: {error.strerror}") from error

    def _must_be_usable(self, wanted: StreamSpec, selected: Selected) -> None:
        """Ask ALSA first: PortAudio does not know why, and is noisy about it."""
        if not self._alsa.defines(selected.pcm):
            return
        if refusal := self._alsa.refusal(
            selected.pcm, wanted.direction, wanted.rate_hz
        ):
            raise DeviceUnavailable(f"{selected.label}: {refusal}")

    def _unlisted(
        self, wanted: StreamSpec, selected: Selected, portaudio: PortAudio
    ) -> Exception:
        if selected.endpoint is not None:
            return DeviceUnavailable(f"{selected.label}: gone while it was opened")
        if self._alsa.defines(selected.pcm):
            # Or it went between being asked and being listed: waiting helps that.
            return DeviceUnavailable(
                f"{selected.label}: ALSA can open it, but PortAudio does not list it; "
                "name its card instead, or define a PCM for it in /etc/asound.conf"
            )
        names = ", ".join(
            name
            for name in portaudio.listed(wanted.direction)
            if name not in PCM_NAMES.values()
        )
        others = f"there is {names}" if names else "it knows no device at all"
        return DeviceUnknown(
            f"{selected.label}: not defined in ALSA's configuration; "
            f"{others}, see `{_LISTING[wanted.direction]}`"
        )

    def _initialise(self, selected: Selected) -> PortAudio:
        if error := self._alsa.reload():
            raise DeviceUnknown(f"{selected.label}: {error}; see `aplay -L`")
        if not self._alsa.defines("default"):
            # PortAudio would abort the process (pa_linux_alsa.c, BuildDeviceList).
            raise DeviceUnknown(
                f"{selected.label}: ALSA's configuration has no pcm.default; is "
                "libasound2-data installed, and ALSA_CONFIG_PATH right?"
            )
        self._portaudio = PortAudio()
        return self._portaudio

    def _relist(self, selected: Selected) -> PortAudio:
        """A new PortAudio, to which the streams that are open move over."""
        for stream in self._streams:
            stream.begin_reopening()
            stream.end()
        self._terminate()
        portaudio = self._initialise(selected)
        for stream in self._streams:
            self._resume(stream, portaudio)
            stream.end_reopening()
        return portaudio

    def _resume(self, stream: "_AlsaStream", portaudio: PortAudio) -> None:
        index = portaudio.index_of(stream.pcm, stream.wanted.direction)
        if index is None:
            return  # Gone meanwhile: no more callbacks, which its owner will notice.
        with suppress(OSError):
            stream.running = portaudio.opened(stream.wanted, index, after_gap=True)


def _tell_a_failure(made: Future[Outcome]) -> None:
    """Of a call that nobody waits for: a bug of ours."""
    if error := made.result().raised:
        _log.critical("a stream could not be restarted", exc_info=error)


class _AlsaStream:
    """A stream that outlives the PortAudio it runs on.

    Threads: close on the event loop, restart on any, the rest on the card's.
    """

    def __init__(self, wanted: StreamSpec, card: AlsaCard) -> None:
        self.wanted = wanted
        #: Its name in ALSA's configuration, once it is known.
        self.pcm = ""
        self.running: PortAudioStream | None = None
        self._card = card
        self._is_closed = False
        #: When it was opened again, and since when that is going on (monotonic s).
        self._reopened_at = -math.inf
        self._reopening_since: float | None = None

    @property
    def reopened_at(self) -> float:
        since = self._reopening_since
        if since is None:
            return self._reopened_at
        return min(time.monotonic(), since + OPEN_LIMIT_S)

    def begin_reopening(self) -> None:
        self._reopening_since = time.monotonic()

    def end_reopening(self) -> None:
        self._reopened_at, self._reopening_since = time.monotonic(), None

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._card.close(self)

    def restart(self, silenced: Callable[[], None]) -> None:
        self._card.restart(self, silenced)

    def end(self) -> None:
        running, self.running = self.running, None
        if running is not None:
            running.close()
