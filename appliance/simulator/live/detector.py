# SPDX-License-Identifier: MIT
"""Tells speech from silence in a stream by its loudness. Sans I/O.

Its clock is the audio itself: a stream that stops neither begins nor ends anything.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES
from appliance.simulator.live.fields import RealtimeInputConfig
from appliance.simulator.live.sound import loudness

PERIOD_MS = 20
_PERIOD_BYTES = CAPTURE_RATE_HZ * PERIOD_MS // 1000 * FRAME_BYTES
DEFAULT_PADDING_MS = 20
#: The loudness of speech, and the silence after it, at each sensitivity.
_LOUDNESS = {"START_SENSITIVITY_HIGH": 0.01, "START_SENSITIVITY_LOW": 0.03}
_SILENCE_MS = {"END_SENSITIVITY_HIGH": 800, "END_SENSITIVITY_LOW": 1200}


@dataclass(frozen=True, slots=True)
class Speech:
    """A part of a turn: s16le mono at 16 kHz."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """There was silence for long enough."""


Heard = Speech | SpeechEnded


class Detector:
    """Speech is a turn from `prefixPaddingMs` before it to its last loud period.

    It begins once that much of it was loud (so says the documentation of the key), and
    ends after `silenceDurationMs`. TURN_INCLUDES_ALL_INPUT keeps the silence, too.
    """

    def __init__(self, config: RealtimeInputConfig) -> None:
        wanted = config.automatic_activity_detection
        padding_ms = wanted.prefix_padding_ms
        if padding_ms is None:
            padding_ms = DEFAULT_PADDING_MS
        start = wanted.start_of_speech_sensitivity or "START_SENSITIVITY_HIGH"
        end = wanted.end_of_speech_sensitivity or "END_SENSITIVITY_HIGH"
        silence_ms = wanted.silence_duration_ms
        if silence_ms is None:
            silence_ms = _SILENCE_MS[end]
        self._padding = _periods(padding_ms)
        self._needed = max(1, self._padding)
        self._silence = max(1, _periods(silence_ms))
        self._loudness = _LOUDNESS[start]
        self._keeps_silence = config.turn_coverage == "TURN_INCLUDES_ALL_INPUT"
        self._rest = b""
        #: Periods before speech, and whether they were loud.
        self._recent: deque[tuple[bytes, bool]] = deque()
        self._earlier = bytearray()
        self._quiet: list[bytes] = []
        self._speaking = False

    def hear(self, pcm: bytes) -> Iterator[Heard]:
        """What is found in the stream's next part, s16le mono at 16 kHz."""
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % _PERIOD_BYTES
        self._rest = pcm[whole:]
        for start in range(0, whole, _PERIOD_BYTES):
            period = pcm[start : start + _PERIOD_BYTES]
            if self._speaking:
                yield from self._go_on(period)
            else:
                yield from self._wait(period)

    def end(self) -> Iterator[Heard]:
        """The stream ends: so does speech, at once."""
        if self._speaking:
            if self._rest:
                yield Speech(self._rest)
            yield from self._stop()
        self._rest = b""
        self._recent.clear()
        self._earlier.clear()

    def _wait(self, period: bytes) -> Iterator[Heard]:
        self._recent.append((period, self._is_loud(period)))
        # Speech may have lulls: as many quiet periods as loud ones.
        within = list(self._recent)[-2 * self._needed :]
        if sum(loud for _, loud in within) >= self._needed:
            self._speaking = True
            yield Speech(self._beginning(within))
            self._recent.clear()
            self._earlier.clear()
        self._forget_all_but(2 * self._needed + self._padding)

    def _beginning(self, within: list[tuple[bytes, bool]]) -> bytes:
        lead = next(index for index, (_, loud) in enumerate(within) if loud)
        onset = len(self._recent) - len(within) + lead
        first = 0 if self._keeps_silence else max(0, onset - self._padding)
        return bytes(self._earlier) + _joined(list(self._recent)[first:])

    def _forget_all_but(self, count: int) -> None:
        while len(self._recent) > count:
            period, _ = self._recent.popleft()
            if self._keeps_silence:
                self._earlier += period

    def _go_on(self, period: bytes) -> Iterator[Heard]:
        if self._is_loud(period):
            yield Speech(b"".join(self._quiet) + period)
            self._quiet.clear()
            return
        self._quiet.append(period)
        if len(self._quiet) >= self._silence:
            yield from self._stop()

    def _stop(self) -> Iterator[Heard]:
        if self._keeps_silence and self._quiet:
            yield Speech(b"".join(self._quiet))
        else:
            # It may be the padding of what comes next.
            self._recent.extend((period, False) for period in self._quiet)
        self._quiet.clear()
        self._speaking = False
        yield SpeechEnded()

    def _is_loud(self, period: bytes) -> bool:
        return loudness(period) > self._loudness


def _periods(length_ms: int) -> int:
    return -(-length_ms // PERIOD_MS)


def _joined(periods: Iterable[tuple[bytes, bool]]) -> bytes:
    return b"".join(period for period, _ in periods)
