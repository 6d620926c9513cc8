# SPDX-License-Identifier: MIT
"""Text to sound by espeak-ng: a program that may be missing, hang or talk rubbish."""

import os
import select
import struct
import subprocess
import time
from collections.abc import Iterator

from appliance.basics.errors import ApplianceError

PROGRAM = "espeak-ng"
WORDS_PER_MINUTE = 165
#: A sentence takes a tenth of a second, ten times that on the slowest Pi.
LIMIT_S = 10.0
#: A minute of it; what is longer does not end.
_MOST_BYTES = 3_000_000
#: Also when it is to write to stdout, it looks for a sound server, starts one where it
#: can, and leaves files in the home directory.
_NO_SOUND_SERVER = {"PULSE_SERVER": "unix:/nonexistent", "HOME": "/nonexistent"}
_RATES_HZ = range(8_000, 48_001)


class SpeechUnavailable(ApplianceError):
    """There are no words; the text says why."""


def synthesize(text: str, voice: str, limit_s: float = LIMIT_S) -> tuple[int, bytes]:
    """`text`, spoken: rate in Hz, and s16le mono PCM.

    Raises:
        SpeechUnavailable: espeak-ng cannot be started, fails, takes longer than
            `limit_s`, or says what is no sound.
    """
    return _sound(_said(text, voice, limit_s))


def plain(text: str) -> str:
    """`text` without what espeak-ng takes for an order: control characters, and
    brackets, which begin phonemes."""
    return "".join(c if c.isprintable() and c not in "[]" else " " for c in text)


def _said(text: str, voice: str, limit_s: float) -> bytes:
    """UTF-8 in, whatever the locale; no pause at the end; a WAV out."""
    options = f"-v {voice} -s {WORDS_PER_MINUTE} -b 1 -z --stdin --stdout".split()
    try:
        process = subprocess.Popen(
            [PROGRAM, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), **_NO_SOUND_SERVER},
        )
    except OSError as error:
        why = f"{PROGRAM} cannot be started: {error.strerror}"
        raise SpeechUnavailable(why) from None
    with process:
        try:
            return _conversed(process, plain(text).encode(), limit_s)
        finally:
            process.kill()


def _conversed(
    process: "subprocess.Popen[bytes]", text: bytes, limit_s: float
) -> bytes:
    ends_at = time.monotonic() + limit_s
    assert process.stdin
    try:
        # So little never blocks: a pipe holds more (man 7 pipe).
        process.stdin.write(text)
        process.stdin.close()
    except BrokenPipeError:
        pass  # Its exit code says more.
    try:
        said = b"".join(_output(process, ends_at))
        code = process.wait(max(0.0, ends_at - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        why = f"{PROGRAM} is not done within {limit_s:g} s"
        raise SpeechUnavailable(why) from None
    if code:
        how = f"is killed by signal {-code}" if code < 0 else f"ends with code {code}"
        raise SpeechUnavailable(f"{PROGRAM} {how}")
    return said


def _output(process: "subprocess.Popen[bytes]", ends_at: float) -> Iterator[bytes]:
    """A child of its own that holds the pipe open counts as itself."""
    assert process.stdout
    total = 0
    while True:
        left_s = max(0.0, ends_at - time.monotonic())
        if not select.select([process.stdout], [], [], left_s)[0]:
            raise TimeoutError
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            return
        total += len(piece)
        if total > _MOST_BYTES:
            raise SpeechUnavailable(f"{PROGRAM} does not stop talking")
        yield piece


def _sound(wav: bytes) -> tuple[int, bytes]:
    """Rate in Hz and s16le mono PCM. The lengths in a WAV that went through a pipe
    mean nothing."""
    if not wav:
        raise SpeechUnavailable(f"{PROGRAM} says nothing")
    form = wav[:4] + wav[8:16] + wav[36:40]
    if len(wav) >= 44 and form == b"RIFFWAVEfmt data":
        kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", wav, 20)
        if (kind, channels, bits) == (1, 1, 16) and rate_hz in _RATES_HZ:
            pcm = wav[44:]
            return rate_hz, pcm[: len(pcm) // 2 * 2]
    raise SpeechUnavailable(f"{PROGRAM} says what is no sound: 16-bit mono expected")
