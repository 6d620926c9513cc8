# SPDX-License-Identifier: MIT
"""What a sound card does for the box, and how it fails: the contract of all of them."""

from collections.abc import Callable
from typing import Protocol

from appliance.basics.errors import EXIT_CONFIG, ApplianceError

Hear = Callable[[bytes, bool], None]
Fill = Callable[[bool], bytes]


class DeviceUnknown(ApplianceError):
    """No such device in ALSA's configuration: the name, or asound.conf, is wrong."""

    exit_code = EXIT_CONFIG


class DeviceUnavailable(ApplianceError):
    """The device cannot be opened now: unplugged, busy, or not able to do the rate."""


class CardHung(ApplianceError):
    """A call to the card does not return: only a new process can use it again."""


class Stream(Protocol):
    async def close(self) -> None:
        """End it; twice is fine. Raises CardHung."""
        ...

    def restart(self, silenced: Callable[[], None]) -> None:
        """Discard what the card still holds, at once, and go on; never waits.

        `silenced` is called then, on any thread. If it cannot go on, no more periods
        are asked for.
        """
        ...


class Card(Protocol):
    """Opens streams of s16le mono that run until they are closed.

    `hear(pcm, overran)` gets one period, and whether frames were lost before it.
    `fill(underran)` returns exactly one period, and is told if the card ran dry.

    Threads: `hear` and `fill` are called from the card's own threads.
    """

    async def open_capture(
        self, device: str, rate_hz: int, period_frames: int, hear: Hear
    ) -> Stream:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        ...

    async def open_playback(
        self, device: str, rate_hz: int, period_frames: int, fill: Fill
    ) -> Stream:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        ...
