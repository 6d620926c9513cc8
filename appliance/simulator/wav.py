# SPDX-License-Identifier: MIT
"""WAV files, s16le mono only."""

import logging
import shlex
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from appliance.basics.errors import UsageError
from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ

Fill = Callable[[bool], bytes]

log = logging.getLogger(__name__)


class WavUnusable(UsageError):
    """A WAV file cannot be read or is of the wrong kind; the text says what to do."""


def read_wav(path: Path, rate_hz: int) -> bytes:
    """The s16le mono PCM of a WAV file of `rate_hz`. Raises WavUnusable."""
    target = shlex.quote(f"{path.stem}-{rate_hz}.wav")
    remedy = f"sox {shlex.quote(str(path))} -r {rate_hz} -c 1 -b 16 -e signed {target}"
    try:
        with wave.open(str(path), "rb") as wav:
            frames, form = wav.readframes(wav.getnframes()), wav.getparams()
    except OSError as error:
        raise WavUnusable(f"{path}: {error.strerror}") from error
    except EOFError as error:
        raise WavUnusable(f"{path}: not a WAV file: it ends too soon") from error
    except wave.Error as error:
        raise WavUnusable(
            f"{path}: not a PCM WAV file ({error}); try: {remedy}"
        ) from error
    if not frames:
        raise WavUnusable(f"{path}: it holds no sound")
    if (form.framerate, form.nchannels, form.sampwidth) == (rate_hz, 1, FRAME_BYTES):
        return frames
    raise WavUnusable(
        f"{path}: {form.framerate} Hz, {form.nchannels} channel(s), "
        f"{8 * form.sampwidth} bit; needed: {rate_hz} Hz, mono, 16 bit; try: {remedy}"
    )


def _is_something_else(path: Path) -> bool:
    """A file that no recorder has written: another kind, rate or number of channels."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with wave.open(str(path), "rb") as wav:
            form = wav.getparams()
    except (wave.Error, EOFError):
        return True
    return form[:3] != (1, FRAME_BYTES, PLAYBACK_RATE_HZ)


class WavRecorder:
    """A WAV file at 24 kHz of everything played, complete at any time.

    Threads: the file is written on the thread that plays.
    """

    def __init__(self, path: Path) -> None:
        """Raises WavUnusable if the file cannot be written, or is something else."""
        try:
            if _is_something_else(path):
                raise WavUnusable(
                    f"{path}: exists, and is not an earlier answer; name another file"
                )
            path.open("wb").close()  # A failed Wave_write raises again when deleted.
        except OSError as error:
            raise WavUnusable(f"{path}: {error.strerror}") from error
        self._path = path
        self._is_full = False
        self._wav = wave.Wave_write(str(path))
        self._wav.setnchannels(1)
        self._wav.setsampwidth(FRAME_BYTES)
        self._wav.setframerate(PLAYBACK_RATE_HZ)

    def recorded(self, fill: Fill) -> Fill:
        """A `fill` that does the same, and keeps what it returns."""

        def fill_and_keep(underran: bool) -> bytes:
            pcm = fill(underran)
            self._keep(pcm)
            return pcm

        return fill_and_keep

    def _keep(self, pcm: bytes) -> None:
        if self._is_full:
            return
        try:
            self._wav.writeframes(pcm)
        except OSError as error:
            self._is_full = True
            with suppress(OSError):  # Once more; then the file lets go.
                self._wav.close()
            log.warning("%s: %s; the rest is not kept", self._path, error.strerror)
