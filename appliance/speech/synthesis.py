# SPDX-License-Identifier: MIT
"""A process that makes speech: `python -m appliance.speech.synthesis DIRECTORY VOICE`.

It keeps each line of stdin, spoken, in DIRECTORY, and removes all else there; what is
there already is not made again. Exit code 1, and a line on stderr: why there are no
words. It is a process of its own because numpy takes a quarter of the service's memory.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.speech import kept
from appliance.speech.espeak import PROGRAM, SpeechUnavailable, synthesize
from appliance.speech.sound import fitted

#: Whatever else the box has to do comes first. The unit does not allow it: it filters
#: @resources, and there this has no effect.
_NICENESS = 19


def make(texts: Sequence[str], voice: str, directory: Path) -> None:
    """Have `texts` in `directory`, and nothing else. Raises SpeechUnavailable."""
    paths = {kept.path_of(text, voice, directory): text for text in texts}
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.remove_others(directory, paths)
        for path, text in paths.items():
            if not kept.read(path):
                kept.write(path, _spoken(text, voice))
    except OSError as error:
        name = error.filename or directory
        raise SpeechUnavailable(f"{name}: {error.strerror}") from None


def _spoken(text: str, voice: str) -> bytes:
    rate_hz, pcm = synthesize(text, voice)
    if sound := fitted(pcm, rate_hz):
        return sound
    raise SpeechUnavailable(f"{PROGRAM} says nothing")


def main(arguments: Sequence[str]) -> int:
    directory, voice = arguments
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    texts = sys.stdin.buffer.read().decode().splitlines()
    try:
        make(texts, voice, Path(directory))
    except SpeechUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
