# SPDX-License-Identifier: MIT
"""Speech on the disk: one file a text, whole or not at all, and not too many."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.basics.whole_file import write_whole

#: Count up when the same text is to sound otherwise.
_VERSION = 1
_DIGEST_BYTES = hashlib.sha256().digest_size
#: The longest that is said at once.
LONGEST_S = 30
_MOST_BYTES = _DIGEST_BYTES + LONGEST_S * PLAYBACK_RATE_HZ * FRAME_BYTES


def path_of(text: str, voice: str, directory: Path) -> Path:
    """Where `text` as said by `voice` is kept."""
    key = f"{_VERSION}\0{voice}\0{text}".encode()
    return directory / f"{hashlib.sha256(key).hexdigest()[:32]}.pcm"


def read(path: Path) -> bytes:
    """s16le mono at 24 kHz; empty if it is not there, or not as it was written.

    Raises OSError.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return b""
    digest, pcm = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    # A disk that forgot half of it would be heard as noise.
    return pcm if hashlib.sha256(pcm).digest() == digest else b""


def write(path: Path, pcm: bytes) -> None:
    """What is longer than LONGEST_S is cut there. Raises OSError."""
    pcm = pcm[: _MOST_BYTES - _DIGEST_BYTES]
    write_whole(path, hashlib.sha256(pcm).digest() + pcm, 0o600)


def remove_others(directory: Path, wanted: Iterable[Path]) -> None:
    """Have nothing in `directory` but what is `wanted`. Raises OSError."""
    for path in set(directory.iterdir()) - set(wanted):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
