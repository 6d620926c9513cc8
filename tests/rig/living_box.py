# SPDX-License-Identifier: MIT
"""The whole service in this process: virtual card, mock pins, simulated service."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from appliance.basics.secret import Secret
from appliance.config.file import Config
from appliance.core.conversation import State
from appliance.core.events import (
    DevicesReady,
    LinkUp,
    PeriodCaptured,
    PlaybackUnderran,
)
from appliance.demo.demo import Panel
from appliance.hardware.card import Card
from appliance.hardware.sound_card import AlsaCard
from appliance.journal.transition import Transition
from appliance.service.app import Appliance
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.settings import FIXED_TAIL

LIMIT_S = 30.0

#: As a user has it, but for the names of the card and the tail.
DEFAULT = Config().changed(
    turns=FIXED_TAIL,
    microphone=Config().microphone.changed(device="microphone"),
    speaker=Config().speaker.changed(device="speaker"),
)
#: For tests of what is played: a busy machine is late for 20-ms periods, and the card
#: then underruns as a real one would.
CALM = DEFAULT.changed(speaker=DEFAULT.speaker.changed(period_frames=2400))


@dataclass
class LivingBox:
    """The box, what is around it, and everything that has happened."""

    appliance: Appliance
    panel: Panel
    card: VirtualCard
    transitions: list[Transition] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _running: asyncio.Task[None] = field(init=False)

    def start(self) -> asyncio.Task[None]:
        self._running = asyncio.create_task(self.appliance.run())
        self._running.add_done_callback(lambda _: self._changed.set())
        return self._running

    def follow(self, transition: Transition) -> None:
        self.transitions.append(transition)
        self._changed.set()

    async def until(
        self, condition: Callable[[], object], limit_s: float = LIMIT_S
    ) -> None:
        """Wait for `condition`, looked at after each step of the conversation.

        Raises what ends the box meanwhile.
        """
        async with asyncio.timeout(limit_s):
            while not condition():
                if self._running.done():
                    self._running.result()
                self._changed.clear()
                await self._changed.wait()

    async def state(self, state: State) -> None:
        """Wait until it is in `state`, if only for a step."""
        since = len(self.transitions) - 1
        await self.until(
            lambda: any(m.after.state is state for m in self.transitions[since:])
        )

    async def ready(self) -> None:
        """Devices and link work, and the ready sound is over."""
        await self.until(lambda: self.happened(DevicesReady))
        await self.until(lambda: self.happened(LinkUp))
        await self.quiet()

    async def quiet(self) -> None:
        await self.until(
            lambda: (
                self.transitions[-1].after.speaker.quiet_since is not None
                and self.transitions[-1].after.state is State.IDLE
            )
        )

    async def hold(self, seconds: float) -> None:
        """Press, and let go when the microphone has heard so much more."""
        self.panel.press()
        await self.captured(seconds)
        self.panel.release()

    async def captured(self, seconds: float) -> None:
        """Wait until a period from so long after now has arrived."""
        until = time.monotonic() + seconds
        await self.until(
            lambda: any(
                m.event.ended_at >= until for m in self.happened(PeriodCaptured)
            )
        )

    async def heard(self, pcm: bytes) -> None:
        """Wait until the card has played `pcm`, unbroken but where the box itself told
        of an underrun: the machine may be busy."""
        async with asyncio.timeout(LIMIT_S):
            while not self._has_played(pcm):
                await asyncio.sleep(0.05)

    def _has_played(self, pcm: bytes) -> bool:
        played = self.card.heard()
        if self.happened(PlaybackUnderran):
            return without_silence(pcm) in without_silence(played)
        return pcm in played

    def happened(self, kind: type) -> list[Transition]:
        return [m for m in self.transitions if isinstance(m.event, kind)]

    def effects(self, kind: type) -> list:
        return [e for m in self.transitions for e in m.effects if isinstance(e, kind)]


def without_silence(pcm: bytes) -> bytes:
    """The frames that are not silent."""
    frames = np.frombuffer(pcm, "<i2")
    return frames[frames != 0].tobytes()


@asynccontextmanager
async def living_box(
    card: VirtualCard,
    url: str,
    config: Config | None = None,
    read_config: Callable[[], Config] | None = None,
    observers: Sequence[Callable[[Transition], None]] = (),
    state_directory: Path | None = None,
    microphone_card: Callable[[Card], Card] = lambda card: card,
) -> AsyncIterator[LivingBox]:
    """A running service that talks to `url`; stopped in order at the end."""
    config = (config or CALM).changed(live=(config or CALM).live.changed(endpoint=url))
    alsa = AlsaCard()
    panel = Panel(config.button.talk_gpio, active_low=True)
    looking_on = [*observers]
    box = Appliance(
        config,
        key=Secret("a key"),
        microphone_card=microphone_card(alsa),
        speaker_card=alsa,
        observers=looking_on,
        read_config=read_config,
        state_directory=state_directory,
        speech_directory=state_directory,
    )
    living = LivingBox(box, panel, card)
    looking_on.append(living.follow)
    running = living.start()
    try:
        yield living
    finally:
        box.stop()
        await asyncio.wait_for(running, LIMIT_S)


def compact(wire: list[str]) -> list[str]:
    """A transcript with runs of audio as one line."""
    lines: list[str] = []
    for line in wire:
        kind = " ".join(line.split()[:2])
        if kind in ("> audio", "< audio"):
            if not lines or lines[-1] != kind:
                lines.append(kind)
        elif "sessionResumptionUpdate" not in line:
            lines.append(line)
    return lines
