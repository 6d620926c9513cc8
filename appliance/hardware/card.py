# SPDX-License-Identifier: MIT
"""What a sound card does for the box, and how it fails: the contract of all of them."""

from collections.abc import Callable
from typing import Protocol

from appliance.basics.errors import EXIT_CONFIG, ApplianceError
from appliance.basics.record import Struct

Hear = Callable[[bytes, bool], None]
Fill = Callable[[bool], bytes]


class Choice(Struct, frozen=True):
    """The device that is wanted: a PCM by name, or a card by its ALSA id; without
    either the box chooses a card. All but `pcm` and `card` is for a microphone's card.
    """

    pcm: str = ""
    card: str = ""
    #: Counted from 1.
    channel: int = 1
    #: None: what such a card needs.
    gain_db: float | None = None
    #: It is closed and opened again and again while the speaker plays.
    rests: bool = False


class DeviceUnknown(ApplianceError):
    """ALSA's configuration has no such PCM: the name is wrong, or the configuration."""

    exit_code = EXIT_CONFIG


class DeviceUnavailable(ApplianceError):
    """The device cannot be opened now: unplugged, busy, not able; or several fit."""


class CardHung(ApplianceError):
    """A call to the card does not return: only a new process can use it again."""


class Stream(Protocol):
    @property
    def reopened_at(self) -> float:
        """When it was last opened again (monotonic s): now, while that is going on and
        has not taken too long; -inf if it never was."""
        ...

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
        self, device: Choice, rate_hz: int, period_frames: int, hear: Hear
    ) -> Stream:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        ...

    async def open_playback(
        self, device: Choice, rate_hz: int, period_frames: int, fill: Fill
    ) -> Stream:
        """Raises DeviceUnknown, DeviceUnavailable, CardHung."""
        ...
