# SPDX-License-Identifier: MIT
"""The card's plugin, call by call."""

import ctypes
import errno
from contextlib import closing


class Microphone:
    """The microphone, running in this process: each call of it is the test's own."""

    def __init__(self) -> None:
        self._alsa = ctypes.CDLL("libasound.so.2")
        self._alsa.snd_pcm_avail_update.restype = ctypes.c_long
        self._pcm = ctypes.c_void_p()
        capture = non_blocking = 1
        s16le, interleaved, resample = 2, 3, 0
        self._alsa.snd_pcm_open(
            ctypes.byref(self._pcm), b"microphone", capture, non_blocking
        )
        self._alsa.snd_pcm_set_params(
            self._pcm, s16le, interleaved, 1, 16_000, resample, 4_000_000
        )
        self.start()

    def start(self) -> int:
        return self._alsa.snd_pcm_prepare(self._pcm) or self._alsa.snd_pcm_start(
            self._pcm
        )

    def available(self) -> int:
        """So many frames, or an error."""
        return self._alsa.snd_pcm_avail_update(self._pcm)

    def close(self) -> None:
        self._alsa.snd_pcm_close(self._pcm)


def test_a_fault_acts_at_the_next_call(virtual_card):
    with closing(Microphone()) as mic:
        assert mic.available() >= 0
        virtual_card.fault("microphone", "xrun")
        assert mic.available() == -errno.EPIPE
        assert mic.start() == 0
        assert mic.available() >= 0
        virtual_card.fault("microphone", "gone")
        assert mic.start() == -errno.ENODEV
        virtual_card.fault("microphone", None)
        assert mic.start() == 0
        assert mic.available() >= 0


def test_a_fault_that_is_none_of_a_running_stream_leaves_it_alone(virtual_card):
    with closing(Microphone()) as mic:
        virtual_card.fault("microphone", "busy")
        assert mic.available() >= 0
