# SPDX-License-Identifier: MIT
"""The sounds of the box: each a little melody, told apart with eyes closed.

Good news rises, bad news falls. A fault is its falling call, then as many short
notes as its blink code, so that ear and eye count the same number.
"""

from functools import cache

from appliance.basics.pcm import Note, melody
from appliance.core.signals import Earcon, Fault, earcon_of

_REST: Note = (0, 0.06)
_FAULT_CALL: tuple[Note, ...] = ((523, 0.1), (392, 0.14), _REST)

_MELODIES: dict[Earcon, tuple[Note, ...]] = {
    Earcon.READY: ((523, 0.09), (659, 0.09), (784, 0.16)),
    Earcon.CUT_OFF: ((880, 0.07), _REST, (880, 0.07)),
    Earcon.NO_ANSWER: ((440, 0.16), _REST, (440, 0.16)),
    Earcon.LOST: ((440, 0.12), (330, 0.12), (220, 0.24)),
    Earcon.LINE_TOO_SLOW: ((392, 0.3), (262, 0.3)),
    Earcon.NEW: ((659, 0.07), (880, 0.07), (659, 0.07), (880, 0.14)),
    **{
        earcon_of(fault): _FAULT_CALL + ((587, 0.07), _REST) * fault.value
        for fault in Fault
    },
}


@cache
def earcon_pcm(earcon: Earcon) -> bytes:
    """The sound as s16le mono at 24 kHz."""
    return melody(_MELODIES[earcon])
