# SPDX-License-Identifier: MIT
"""PortAudio as the sound card needs it: what is there, and streams that never choke.

Every call here may take long, or never return (PortAudio #1037).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from appliance.basics.pcm import FRAME_BYTES
from appliance.hardware.abilities import Direction
from appliance.hardware.card import Choice, DeviceUnavailable

if TYPE_CHECKING:
    import pyaudio

#: exchange(pcm, xrun) -> pcm: one period in, or one period out.
Exchange = Callable[[bytes, bool], bytes]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream of s16le mono, as the configuration asks for it."""

    direction: Direction
    choice: Choice
    rate_hz: int
    period_frames: int
    exchange: Exchange


def _import_pyaudio() -> Any:
    """Only where there is a card to open: a demo with WAV files does without it."""
    try:
        import pyaudio
    except ImportError as error:
        raise DeviceUnavailable(
            f"PyAudio cannot be imported ({error}); sudo apt install python3-pyaudio"
        ) from None
    return pyaudio


class PortAudio:
    """The library, initialised; it lists the devices that were there at that moment.

    Threads: one.
    """

    def __init__(self) -> None:
        """Raises DeviceUnavailable where PyAudio cannot be imported."""
        self._library = _import_pyaudio()
        self._pyaudio = self._library.PyAudio()

    def listed(self, direction: Direction) -> dict[str, int]:
        """The index of each ALSA device that has a `direction`, by name."""
        api = self._pyaudio.get_host_api_info_by_type(self._library.paALSA)
        devices = [
            self._pyaudio.get_device_info_by_host_api_device_index(api["index"], number)
            for number in range(api["deviceCount"])
        ]
        channels = {"capture": "maxInputChannels", "playback": "maxOutputChannels"}
        return {
            device["name"]: device["index"]
            for device in devices
            if device[channels[direction]] > 0
        }

    def index_of(self, pcm: str, direction: Direction) -> int | None:
        """The PCM with this name, if it is listed for this direction."""
        return self.listed(direction).get(pcm)

    def opened(
        self, wanted: StreamSpec, index: int, *, after_gap: bool = False
    ) -> "PortAudioStream":
        """A running stream on device `index`, which was closed meanwhile if
        `after_gap`: that is an xrun. Raises OSError with PortAudio's text."""
        stream = self._pyaudio.open(
            rate=wanted.rate_hz,
            channels=1,
            format=self._library.paInt16,
            input=wanted.direction == "capture",
            output=wanted.direction == "playback",
            input_device_index=index,
            output_device_index=index,
            frames_per_buffer=wanted.period_frames,
            stream_callback=_Guard(wanted.exchange, after_gap, self._library),
        )
        return PortAudioStream(stream)

    def terminate(self) -> None:
        """Release the library; only a new PortAudio sees what is plugged in later."""
        self._pyaudio.terminate()


class PortAudioStream:
    """A stream that runs until it is closed; never stopped, for that can hang."""

    def __init__(self, stream: "pyaudio.Stream") -> None:
        self._stream = stream

    def close(self) -> None:
        self._stream.close()


class _Guard:
    """A callback that always returns one full period, and never raises.

    PortAudio ends a stream whose callback returns too little; PyAudio ends one whose
    callback raises, and throws the exception into the thread that opened the stream.

    Threads: PortAudio's.
    """

    def __init__(self, exchange: Exchange, after_gap: bool, library: Any) -> None:
        self._exchange = exchange
        self._xrun = library.paInputOverflow | library.paOutputUnderflow
        self._continue = library.paContinue
        self._after_gap = after_gap
        self._has_failed = False

    def __call__(
        self, pcm: bytes | None, frames: int, _: Any, status: int
    ) -> tuple[bytes, int]:
        xrun, self._after_gap = self._after_gap or bool(status & self._xrun), False
        reply = b""
        if not self._has_failed:
            try:
                reply = self._exchange(pcm or b"", xrun)
            except Exception:
                # A bug of ours, at the only place that cannot crash: log it, go
                # silent, and leave the rest to the watcher of this stream.
                self._has_failed = True
                _log.critical("an audio callback failed", exc_info=True)
        length = frames * FRAME_BYTES
        return reply.ljust(length, b"\0")[:length], self._continue
