# SPDX-License-Identifier: MIT
"""When a turn ends after the release: once the speaker has stopped.

What is looked at is the microphone's level, peak to peak in blocks of 16 ms: that is
most of a period of 50-Hz hum, shorter than a syllable, and blind to an offset such as
MEMS microphones have. `python -m tests.bench.tail` judges the numbers.
"""

from array import array
from collections.abc import Sequence

from appliance.basics.pcm import CAPTURE_RATE_HZ

BLOCK_FRAMES = 256
#: Every other frame tells as much about a peak, in two thirds of the time.
_STRIDE = 2
#: How many of the last periods are looked at, and how many of those before.
_CONTEXT_PIECES = 16
#: The quietest tenth is the floor: what the room does while nobody speaks.
_FLOOR_SHARE = 0.1
#: The loudest twentieth is speech.
_LOUD_SHARE = 0.05
#: 6 dB above the floor is still the room: blocks of steady noise stay within 5 dB.
_QUIET = 2.0
#: A converter's last bits, whatever the floor is.
_DITHER = 8
#: Soft sounds are 18 dB below vowels: with less room above the floor, they may go on
#: below it, unheard.
_CLEAR = 8.0
#: No pause within a word is as long: the closure before a final "t" lasts 150 ms.
_SURE_S = 0.304
#: A fixed tail of this length would be over. What is heard from then on is heard in
#: addition, so a pause between two syllables will do,
_FIXED_S = 0.2
_PAUSE_S = 0.096
#: and a radio, which never pauses, if it is 18 dB below the speech.
_BACKGROUND = 8.0


def levels(piece: bytes) -> tuple[int, ...]:
    """Peak to peak of each block of `piece`, s16le mono at 16 kHz."""
    frames = array("h", piece)
    blocks = max(1, round(len(frames) / BLOCK_FRAMES))
    edges = [len(frames) * n // blocks for n in range(blocks + 1)]
    cut = (frames[a:b:_STRIDE] for a, b in zip(edges, edges[1:], strict=False))
    return tuple(max(block) - min(block) for block in cut)


def heard(pieces: Sequence[bytes]) -> tuple[int, ...]:
    """The levels of a hold: of its end, and of some of what was said before."""
    older, newest = pieces[:-_CONTEXT_PIECES], pieces[-_CONTEXT_PIECES:]
    step = len(older) // _CONTEXT_PIECES + 1
    return tuple(level for p in (*older[::step], *newest) for level in levels(p))


def is_over(heard: Sequence[int], since_release_s: float) -> bool:
    """The speaker has stopped: `heard` are the levels of the hold up to now. In doubt
    that is so when a fixed tail would be over."""
    fixed_is_over = since_release_s >= _FIXED_S
    ranked = sorted(heard)
    floor = ranked[int(len(ranked) * _FLOOR_SHARE)]
    loud = ranked[-1 - int(len(ranked) * _LOUD_SHARE)]
    if loud < _CLEAR * floor + _DITHER:
        return fixed_is_over
    quiet = _QUIET * floor + _DITHER
    if not fixed_is_over:
        return _last(heard, _SURE_S) <= quiet
    return _last(heard, _PAUSE_S) <= max(quiet, loud / _BACKGROUND)


def _last(heard: Sequence[int], length_s: float) -> int:
    """The loudest of it."""
    return max(heard[-round(length_s * CAPTURE_RATE_HZ / BLOCK_FRAMES) :])
