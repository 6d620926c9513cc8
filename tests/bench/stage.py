# SPDX-License-Identifier: MIT
"""What is around a peer: a sound card of its own, a room, and the service over TLS."""

import asyncio
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Self

import numpy as np

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.certificates import Certificates
from tests.rig.room import Room

_LOOK_EVERY_S = 0.02


@dataclass
class Stage:
    """An async context manager. Answers are noise without a zero, `answer_s` long,
    delivered `speed` times as fast as they are played; the card's clock runs `haste`
    times as fast as it should.

    Threads: the event loop's only.
    """

    directory: Path
    certificates: Certificates
    answer_s: float
    speed: float = 4.0
    haste: int = 1
    waits_for_playback: bool = True

    #: When the setup was answered (monotonic s).
    connected_at: float | None = field(default=None, init=False)
    #: When the first audio of each turn arrived, by the turn's number.
    first_heard_at: dict[int, float] = field(default_factory=dict, init=False)

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True)
        self.card = VirtualCard(
            self.directory / "card", ppm=1_000_000 * (self.haste - 1)
        )
        self.server = await LiveServer(
            self._scenario(), tls=self.certificates.good
        ).__aenter__()
        self._room = await Room(self.directory / "card").__aenter__()
        self._noting = asyncio.create_task(self.server.wait_for(self._note))
        return self

    async def __aexit__(self, *error: object) -> None:
        self._noting.cancel()
        await self._room.__aexit__(*error)
        await self.server.__aexit__(*error)
        self.card.close()

    @property
    def url(self) -> str:
        return self.server.url.replace("127.0.0.1", "localhost")

    @property
    def turns(self) -> list[HeardTurn]:
        return self.server.turns

    async def until(self, condition: Callable[[], object], limit_s: float) -> None:
        """TimeoutError if `condition` does not hold by then."""
        async with asyncio.timeout(limit_s):
            while not condition():
                await asyncio.sleep(_LOOK_EVERY_S)

    def _note(self, server: LiveServer) -> bool:
        """Looked at on each event of the wire; never done."""
        now = monotonic()
        if self.connected_at is None and "< setupComplete" in server.wire():
            self.connected_at = now
        for turn in server.turns[-1:]:
            if turn.has_audio:
                self.first_heard_at.setdefault(turn.number, now)
        return False

    def _scenario(self) -> Scenario:
        recording = self.directory / "answer.wav"
        loudness = np.random.default_rng(1).integers(
            100, 20_000, int(self.answer_s * PLAYBACK_RATE_HZ)
        )
        with wave.open(str(recording), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(FRAME_BYTES)
            file.setframerate(PLAYBACK_RATE_HZ)
            file.writeframes(loudness.astype("<i2").tobytes())
        return Scenario(
            answer=str(recording),
            answer_delay_ms=100,
            answer_speed=self.speed,
            waits_for_playback=self.waits_for_playback,
        )
