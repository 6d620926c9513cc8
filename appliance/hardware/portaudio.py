# SPDX-License-Identifier: MIT
"""PortAudio as the sound card needs it: what is there, and streams that never choke.

Every call here may take long, or never return (PortAudio #1037).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyaudio

from appliance.basics.pcm import FRAME_BYTES
from appliance.hardware.alsa import Direction

#: exchange(pcm, xrun) -> pcm: one period in, or one period out.
Exchange = Callable[[bytes, bool], bytes]

_XRUN = pyaudio.paInputOverflow | pyaudio.paOutputUnderflow

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream of s16le mono, as the configuration asks for it."""

    direction: Direction
    device: str
    rate_hz: int
    period_frames: int
    exchange: Exchange

    def __str__(self) -> str:
        part = {"capture": "microphone", "playback": "speaker"}[self.direction]
        return f'[{part}] device = "{self.device}"'


class PortAudio:
    """The library, initialised; it lists what was there at that moment.

    Threads: one.
    """

    def __init__(self) -> None:
        self._pyaudio = pyaudio.PyAudio()

    def listed(self, direction: Direction) -> dict[str, int]:
        """The index of each ALSA device that has a `direction`, by name."""
        api = self._pyaudio.get_host_api_info_by_type(pyaudio.paALSA)
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

    def index_of(self, wanted: StreamSpec) -> int | None:
        """The wanted device, if it is listed."""
        return self.listed(wanted.direction).get(wanted.device)

    def opened(
        self, wanted: StreamSpec, index: int, *, after_gap: bool = False
    ) -> "PortAudioStream":
        """A running stream on device `index`, which was closed meanwhile if
        `after_gap`: that is an xrun. Raises OSError with PortAudio's text."""
        stream = self._pyaudio.open(
            rate=wanted.rate_hz,
            channels=1,
            format=pyaudio.paInt16,
            input=wanted.direction == "capture",
            output=wanted.direction == "playback",
            input_device_index=index,
            output_device_index=index,
            frames_per_buffer=wanted.period_frames,
            stream_callback=_Guard(wanted.exchange, after_gap),
        )
        return PortAudioStream(stream)

    def terminate(self) -> None:
        """Let go of the library; only a new PortAudio sees what is plugged in later."""
        self._pyaudio.terminate()


class PortAudioStream:
    """A stream that runs until it is closed; never stopped, for that can hang."""

    def __init__(self, stream: pyaudio.Stream) -> None:
        self._stream = stream

    def close(self) -> None:
        self._stream.close()


class _Guard:
    """A callback that always returns one full period, and never raises.

    PortAudio ends a stream whose callback returns too little; PyAudio ends one whose
    callback raises, and throws the exception into the thread that opened the stream.

    Threads: PortAudio's.
    """

    def __init__(self, exchange: Exchange, after_gap: bool) -> None:
        self._exchange = exchange
        self._after_gap = after_gap
        self._has_failed = False

    def __call__(
        self, pcm: bytes | None, frames: int, _: Any, status: int
    ) -> tuple[bytes, int]:
        xrun, self._after_gap = self._after_gap or bool(status & _XRUN), False
        reply = b""
        if not self._has_failed:
            try:
                reply = self._exchange(pcm or b"", xrun)
            except Exception:
                # A bug of ours, at the only place that cannot crash: say so, go silent,
                # and let the heartbeat of whom it belongs to tell.
                self._has_failed = True
                _log.critical("an audio callback failed", exc_info=True)
        length = frames * FRAME_BYTES
        return reply.ljust(length, b"\0")[:length], pyaudio.paContinue
