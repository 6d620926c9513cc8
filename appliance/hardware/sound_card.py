# SPDX-License-Identifier: MIT
"""Opens the microphone's and the speaker's streams on the machine's sound cards.

PortAudio lists devices only when it is initialised, aborts the process on an ALSA
configuration without a default, and may never return from a call: the pitfalls of
opening and closing are dealt with here, those of a running stream in portaudio.py.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from appliance.hardware.alsa import Alsa
from appliance.hardware.call_thread import CallThread, Outcome
from appliance.hardware.card import (
    CardHung,
    DeviceUnavailable,
    DeviceUnknown,
    Fill,
    Hear,
    Stream,
)
from appliance.hardware.portaudio import PortAudio, PortAudioStream, StreamSpec

OPEN_LIMIT_S = 10.0
CLOSE_LIMIT_S = 2.0

_log = logging.getLogger(__name__)

_LISTING = {"capture": "arecord -L", "playback": "aplay -L"}


class AlsaCard:
    """The machine's sound cards; one AlsaCard for a process, as PortAudio is global.

    A device goes by its PCM name, as ALSA's configuration has it.

    Threads: the coroutines run on the event loop; PortAudio on one thread of its own.
    """

    def __init__(self) -> None:
        self._thread = CallThread("sound card")
        self._alsa = Alsa()
        self._portaudio: PortAudio | None = None
        self._streams: list[_AlsaStream] = []
        #: Streams that are being opened.
        self._opening = 0

    async def open_capture(
        self, device: str, rate_hz: int, period_frames: int, hear: Hear
    ) -> Stream:
        """See Card."""

        def exchange(pcm: bytes, overran: bool) -> bytes:
            hear(pcm, overran)
            return b""

        return await self._open(
            StreamSpec("capture", device, rate_hz, period_frames, exchange)
        )

    async def open_playback(
        self, device: str, rate_hz: int, period_frames: int, fill: Fill
    ) -> Stream:
        """See Card."""

        def exchange(_: bytes, underran: bool) -> bytes:
            return fill(underran)

        return await self._open(
            StreamSpec("playback", device, rate_hz, period_frames, exchange)
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
        self._opening += 1
        try:
            await self._call(lambda: self._start(stream), OPEN_LIMIT_S)
        finally:
            self._opening -= 1

    def restart(self, stream: "_AlsaStream", silenced: Callable[[], None]) -> None:
        """As the stream's own."""
        made = self._thread.submit(lambda: self._restart(stream, silenced))
        made.add_done_callback(_tell_a_failure)

    async def close(self, stream: "_AlsaStream") -> None:
        """As the stream's own. Cancelled, it is over only when the stream is, too:
        the next user of PortAudio must find it at rest."""
        # The other device may be slow to open, which comes first.
        limit_s = CLOSE_LIMIT_S + (OPEN_LIMIT_S if self._opening else 0.0)
        try:
            await self._call(lambda: self._end(stream), limit_s)
        except asyncio.CancelledError:
            with suppress(CardHung):
                await self._call(lambda: None, CLOSE_LIMIT_S)
            raise

    async def _call(self, function: Callable[[], None], limit_s: float) -> None:
        try:
            await self._thread.call(function, limit_s)
        except TimeoutError as error:
            raise CardHung(
                f"the sound card does not answer for {limit_s:g} s"
            ) from error

    # From here on all runs on the card's thread.

    def _start(self, stream: "_AlsaStream") -> None:
        try:
            stream.running = self._run(stream.wanted)
            self._streams.append(stream)
        finally:
            self._terminate_unless_used()

    def _end(self, stream: "_AlsaStream") -> None:
        stream.end()
        if stream in self._streams:
            self._streams.remove(stream)
        self._terminate_unless_used()

    def _restart(self, stream: "_AlsaStream", silenced: Callable[[], None]) -> None:
        # What ends a stream at once is closing it (snd_pcm_drop); stopping it waits for
        # the end of a period.
        try:
            stream.end()
        finally:
            silenced()
        if stream in self._streams and self._portaudio is not None:
            self._resume(stream, self._portaudio)

    def _terminate_unless_used(self) -> None:
        # So that a stream which is opened alone always finds a fresh list.
        if not self._streams:
            self._terminate()

    def _terminate(self) -> None:
        if self._portaudio is not None:
            self._portaudio.terminate()
            self._portaudio = None

    def _run(self, wanted: StreamSpec) -> PortAudioStream:
        portaudio = self._portaudio or self._initialise(wanted)
        self._must_be_usable(wanted)
        index = portaudio.index_of(wanted)
        if index is None and self._alsa.defines(wanted.device):
            portaudio = self._relist(wanted)
            index = portaudio.index_of(wanted)
        if index is None:
            raise self._unlisted(wanted, portaudio)
        try:
            return portaudio.opened(wanted, index)
        except OSError as error:
            raise DeviceUnavailable(f"{wanted}: {error.strerror}") from error

    def _must_be_usable(self, wanted: StreamSpec) -> None:
        """Ask ALSA first: PortAudio does not know why, and is noisy about it."""
        if not self._alsa.defines(wanted.device):
            return
        if refusal := self._alsa.refusal(
            wanted.device, wanted.direction, wanted.rate_hz
        ):
            raise DeviceUnavailable(f"{wanted}: {refusal}")

    def _unlisted(self, wanted: StreamSpec, portaudio: PortAudio) -> Exception:
        if self._alsa.defines(wanted.device):
            # Or it went between being asked and being listed: waiting helps that.
            return DeviceUnavailable(
                f"{wanted}: ALSA can open it, but PortAudio does not list it; "
                "define a PCM for it in /etc/asound.conf and use that one's name"
            )
        names = ", ".join(portaudio.listed(wanted.direction))
        others = f"there is {names}" if names else "it knows no device at all"
        return DeviceUnknown(
            f"{wanted}: not defined in ALSA's configuration; "
            f"{others}, see `{_LISTING[wanted.direction]}`"
        )

    def _initialise(self, wanted: StreamSpec) -> PortAudio:
        if error := self._alsa.reload():
            raise DeviceUnknown(f"{wanted}: {error}; see `aplay -L`")
        if not self._alsa.defines("default"):
            # PortAudio would abort the process (pa_linux_alsa.c, BuildDeviceList).
            raise DeviceUnknown(
                f"{wanted}: ALSA's configuration has no pcm.default; is "
                "libasound2-data installed, and ALSA_CONFIG_PATH right?"
            )
        self._portaudio = PortAudio()
        return self._portaudio

    def _relist(self, wanted: StreamSpec) -> PortAudio:
        """A new PortAudio, to which the streams that are open move over."""
        for stream in self._streams:
            stream.end()
        self._terminate()
        portaudio = self._initialise(wanted)
        for stream in self._streams:
            self._resume(stream, portaudio)
        return portaudio

    def _resume(self, stream: "_AlsaStream", portaudio: PortAudio) -> None:
        index = portaudio.index_of(stream.wanted)
        if index is None:
            return  # Gone meanwhile: it calls back no more, and its owner will see.
        with suppress(OSError):
            stream.running = portaudio.opened(stream.wanted, index, after_gap=True)


def _tell_a_failure(made: Future[Outcome]) -> None:
    """Of a call that nobody waits for: a bug of ours."""
    if error := made.result().raised:
        _log.critical("a stream could not be restarted", exc_info=error)


class _AlsaStream:
    """A stream that outlives the PortAudio it runs on."""

    def __init__(self, wanted: StreamSpec, card: AlsaCard) -> None:
        self.wanted = wanted
        self.running: PortAudioStream | None = None
        self._card = card
        self._is_closed = False

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
