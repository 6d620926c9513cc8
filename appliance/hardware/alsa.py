# SPDX-License-Identifier: MIT
"""What must be asked of ALSA itself, because PortAudio cannot say: why, or nothing."""

import ctypes
import errno
import os
from typing import Literal

Direction = Literal["capture", "playback"]

_STREAM = {"playback": 0, "capture": 1}
_NONBLOCK = 1
_CAUSES = {
    errno.ENOENT: "it is not there: check its wiring or cable, and the overlay",
    errno.ENODEV: "it is not there: check its wiring or cable, and the overlay",
    errno.ENXIO: "it is not there: check its wiring or cable, and the overlay",
    errno.EBUSY: "another program has it: see `sudo fuser -v /dev/snd/*`",
    errno.EACCES: "not allowed: add the user to the group audio",
    errno.EPERM: "not allowed: add the user to the group audio",
    errno.EINVAL: "its definition does not do this: try `arecord -D` or `aplay -D`",
}


class Alsa:
    """libasound, the one that PortAudio uses in this process.

    Threads: one, the thread that opens and closes streams.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libasound.so.2")
        _silence(self._library)

    def reload(self) -> str | None:
        """Read the configuration again if its files changed; what is wrong, if so."""
        error: int = self._library.snd_config_update()
        if error < 0:
            return f"ALSA's configuration cannot be read: {os.strerror(-error)}"
        return None

    def defines(self, name: str) -> bool:
        """Whether the configuration has a PCM `name`, arguments after ":" aside."""
        tree = ctypes.c_void_p.in_dll(self._library, "snd_config")
        node = ctypes.c_void_p()
        key = f"pcm.{name.partition(':')[0]}".encode()
        # Not snd_config_search_definition(): that evaluates, and so fails for
        # `default` on a machine whose card is unplugged.
        error: int = self._library.snd_config_search(tree, key, ctypes.byref(node))
        return error == 0

    def refusal(self, name: str, direction: Direction, rate_hz: int) -> str | None:
        """Why PCM `name` cannot be used now; None if it can (it is closed again)."""
        pcm = ctypes.c_void_p()
        stream = _STREAM[direction]
        error: int = self._library.snd_pcm_open(
            ctypes.byref(pcm), name.encode(), stream, _NONBLOCK
        )
        if error < 0:
            return _CAUSES.get(-error, os.strerror(-error))
        try:
            return self._rate_refusal(pcm, rate_hz)
        finally:
            self._library.snd_pcm_close(pcm)

    def _rate_refusal(self, pcm: ctypes.c_void_p, rate_hz: int) -> str | None:
        space = ctypes.c_void_p()
        self._library.snd_pcm_hw_params_malloc(ctypes.byref(space))
        self._library.snd_pcm_hw_params_any(pcm, space)
        error: int = self._library.snd_pcm_hw_params_test_rate(pcm, space, rate_hz, 0)
        self._library.snd_pcm_hw_params_free(space)
        if error < 0:
            return (
                f"it cannot do {rate_hz} Hz: use a PCM of `type plug`, which converts"
            )
        return None


def _silence(alsa: ctypes.CDLL) -> None:
    """Stop the libraries from writing to stderr: dozens of lines per start.

    The handler is a C function that ignores its arguments. A Python one would have to
    take the GIL for each message, and a card that is unplugged brings thousands.
    """
    ignore = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    alsa.snd_lib_error_set_handler(ignore)
    try:
        jack = ctypes.CDLL("libjack.so.0")
    except OSError:
        return  # A PortAudio without JACK has nothing to say about it.
    jack.jack_set_error_function(ignore)
    jack.jack_set_info_function(ignore)
