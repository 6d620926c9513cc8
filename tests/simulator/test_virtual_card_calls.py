# SPDX-License-Identifier: MIT
"""The card's plugin, call by call, and its timer."""

import asyncio
import ctypes
import errno
import os
import re
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.rig.waiting import in_loop, noise, until

TIMER_KNOWN_S = 8e-6


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

    def read(self, frames: int) -> bytes:
        """Exactly so many, as soon as they are there."""
        while self.available() < frames:
            pass  # to wait for a whole period would take a second
        pcm = ctypes.create_string_buffer(2 * frames)
        self._alsa.snd_pcm_readi(self._pcm, pcm, ctypes.c_ulong(frames))
        return pcm.raw

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


def test_the_last_that_was_given_is_on_the_tape_though_the_card_is_gone(virtual_card):
    virtual_card.say(noise(1600))
    with closing(Microphone()) as mic:
        given = mic.read(160)
        virtual_card.fault("microphone", "gone")
    assert virtual_card.spoken() == given == noise(160)


@in_loop
async def test_the_timer_ends_with_the_periods_though_it_counts_whole_nanoseconds(
    make_virtual_card,
):
    """These periods take 66667.007 ns: counted as 66668, 15 µs more in a second."""
    card = make_virtual_card(ppm=8_999_949)
    arecord = ["arecord", "-D", "microphone", "-q", "-t", "raw", "-f", "S16_LE"]
    with subprocess.Popen(
        [*arecord, "-r", "48000", "--period-size=32", "--buffer-size=480000"],
        env={**os.environ, **card.environment},
        stdout=subprocess.DEVNULL,
    ) as recording:
        try:
            await until(lambda: card.spoken(since=2 * 720_000))
            expires_at = await timer_of(recording.pid)
        finally:
            recording.kill()
    start = card.starts("microphone")[-1]
    past = (expires_at - start.at) % (start.period_frames * start.frame_s)
    assert past == pytest.approx(22.5e-6, abs=2.5e-6 + TIMER_KNOWN_S)


async def timer_of(pid: int) -> float:
    """When the timer of another process's card expires next, to TIMER_KNOWN_S."""
    (timer,) = (
        file.name
        for file in Path(f"/proc/{pid}/fd").iterdir()
        if str(file.readlink()) == "anon_inode:[timerfd]"
    )
    with Path(f"/proc/{pid}/fdinfo/{timer}").open("rb", buffering=0) as info:
        while True:
            before = time.monotonic()
            text = os.pread(info.fileno(), 1000, 0).decode()
            after = time.monotonic()
            seconds, ns = re.search(r"it_value: \((\d+), (\d+)\)", text).groups()
            # Nothing is left of one that has expired and was not read yet.
            left_s = int(seconds) + int(ns) / 1e9
            if left_s and after - before <= 2 * TIMER_KNOWN_S:
                return (before + after) / 2 + left_s
            await asyncio.sleep(0)
