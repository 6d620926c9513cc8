# SPDX-License-Identifier: MIT
"""What became of the files on the boot partition: one unit applies them, and the
service, which can speak, says it once."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from appliance.basics.whole_file import read_small, write_whole
from appliance.core.sentences import Sentence

#: RuntimeDirectory= of voice-appliance-provision.service: gone with the next boot.
PATH = Path("/run/voice-appliance-provision/outcome")
_MOST_BYTES = 1024
_KNOWN = (Sentence.KEY_TAKEN, Sentence.KEY_UNUSABLE, Sentence.SETTINGS_UNUSABLE)


class Outcome(NamedTuple):
    """What to say, and when it was found (µs since 1970, by a clock that may jump)."""

    sentences: tuple[Sentence, ...] = ()
    at_us: int = 0


def write(path: Path, sentences: Iterable[Sentence]) -> None:
    """Hand over `sentences`, a line each; nothing if it cannot be: the journal has
    it all."""
    lines = "".join(f"{sentence.value}\n" for sentence in sentences)
    with contextlib.suppress(OSError):
        write_whole(path, lines.encode(), 0o644)


def read(path: Path) -> Outcome:
    """What was handed over; whatever else is there is nothing to say."""
    try:
        lines = read_small(path, _MOST_BYTES).decode(errors="replace").splitlines()
        at_us = path.stat().st_mtime_ns // 1000
    except OSError:
        return Outcome()
    return Outcome(tuple(s for s in _KNOWN if s.value in lines), at_us)
