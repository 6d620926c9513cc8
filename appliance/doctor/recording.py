# SPDX-License-Identifier: MIT
"""Records with the service's own microphone, and plays notes with its speaker."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, PLAYBACK_RATE_HZ, seconds
from appliance.core import events as ev
from appliance.doctor.context import Context
from appliance.hardware.card import CardHung, DeviceUnavailable, DeviceUnknown
from appliance.service import build_hardware
from appliance.service.devices import Device
from appliance.service.inbox import Inbox

Kind = TypeVar("Kind")

#: A microphone's first moments are a pop.
_SETTLE_S = 0.3
_STALLED_AFTER_S = 2.0
#: The room may echo this long after the notes.
_TAIL_S = 0.4


class Stalled(Exception):
    """A card was opened, and its clock does not run."""


#: Each says in one line why a card cannot be used.
CARD_TROUBLE = (DeviceUnknown, DeviceUnavailable, CardHung, Stalled)


@dataclass(frozen=True, slots=True)
class Recording:
    """s16le mono at 16 kHz, and which frame was taken when the notes began, if any."""

    pcm: bytes
    played_frame: int = 0


async def record(context: Context, length_s: float, notes: bytes = b"") -> Recording:
    """`length_s` of the room, then `notes` (s16le mono at 24 kHz) in it.

    Raises DeviceUnknown, DeviceUnavailable, CardHung, Stalled.
    """
    inbox = Inbox(asyncio.get_running_loop())
    ear = Ear(inbox)
    async with opened(
        build_hardware.microphone(context.config, context.card, inbox.post)
    ):
        await ear.hear(_SETTLE_S)
        ear.forget()
        await ear.hear(length_s)
        if notes:
            gain = context.config.speaker.gain
            speaker = build_hardware.speaker(
                context.config, context.card, gain, inbox.post
            )
            async with opened(speaker):
                speaker.play(notes)
                speaker.drain(0)
                await ear.hear_out(seconds(notes, PLAYBACK_RATE_HZ))
                await ear.hear(_TAIL_S)
    return Recording(ear.pcm, ear.frame_at(ear.started_at))


@asynccontextmanager
async def opened(device: Device) -> AsyncIterator[None]:
    """Open `device`, and close it at the end. Raises as both."""
    await device.open()
    try:
        yield
    finally:
        await device.close()


class Ear:
    """Collects the events of microphone and speaker."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.started_at = 0.0
        self.pcm = b""
        self._ended_at = 0.0

    async def hear(self, length_s: float) -> None:
        """Go on for `length_s` of sound."""
        wanted = len(self.pcm) + int(length_s * CAPTURE_RATE_HZ) * FRAME_BYTES
        while len(self.pcm) < wanted:
            await self.take("microphone", ev.PeriodCaptured)

    async def hear_out(self, notes_s: float) -> None:
        """Go on until the speaker has played out; it says nothing while it plays."""
        await self.take("speaker", ev.PlaybackStarted)
        await self.take("speaker", ev.PlaybackDrained, for_s=notes_s)

    def forget(self) -> None:
        self.pcm = b""

    def frame_at(self, at: float) -> int:
        """The number of the frame that was taken at the instant `at`."""
        began_at = self._ended_at - seconds(self.pcm, CAPTURE_RATE_HZ)
        return round((at - began_at) * CAPTURE_RATE_HZ)

    async def take(self, part: str, kind: type[Kind], *, for_s: float = 0.0) -> Kind:
        """The next event of `kind`, which takes `for_s` in good order.

        Raises Stalled if it does not come.
        """
        deadline = time.monotonic() + for_s + _STALLED_AFTER_S
        while time.monotonic() < deadline:
            event = await self._inbox.next(deadline)
            self._note(event)
            if isinstance(event, kind):
                return event
        raise Stalled(f"the {part} was opened, but its clock does not run")

    def _note(self, event: ev.Event) -> None:
        match event:
            case ev.PeriodCaptured(pcm, ended_at):
                self.pcm += pcm
                self._ended_at = ended_at
            case ev.PlaybackStarted(at):
                self.started_at = at
