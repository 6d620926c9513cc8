# SPDX-License-Identifier: MIT
"""All that is around a box in a soak: its card, its network, the service."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.box import Box
from tests.rig.network import Network
from tests.rig.room import Room

#: systemd's, as in the unit.
WATCHDOG_S = 20.0
HOLD_LIMIT_S = 10.0
_LIMITS = {
    "turns": {"hold_limit_s": HOLD_LIMIT_S},
    "live": {"idle_disconnect_s": 15.0},
}
_SERVICE = Scenario(answer_speed=3.0)


@dataclass
class Surroundings:
    """An async context manager; it begins once the box is ready."""

    directory: Path
    seed: int

    async def __aenter__(self) -> Self:
        self.card = VirtualCard(self.directory / "card")
        self.server = await LiveServer(_SERVICE).__aenter__()
        self._past_turns: list[HeardTurn] = []
        self.network = Network(self._port)
        # Below the ports of clients: it is closed now and then, and must come back.
        self.network.port = 20_000 + os.getpid() % 10_000
        await self.network.__aenter__()
        self._room = await Room(self.directory / "card", self.seed).__aenter__()
        self.box = Box(
            self.directory,
            self.card,
            self.network.url,
            changes=_LIMITS,
            watchdog_s=WATCHDOG_S,
        )
        await self.box.__aenter__()
        await self.box.until(lambda: self.box.ready)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.box.__aexit__(*error)
        await self._room.__aexit__(*error)
        await self.network.__aexit__(*error)
        await self.server.__aexit__(*error)
        self.card.close()

    @property
    def _port(self) -> int:
        port = urlsplit(self.server.url).port
        assert port is not None
        return port

    async def replace_server(self) -> None:
        """Another service, that knows nothing of what was before."""
        old, self.server = self.server, await LiveServer(_SERVICE).__aenter__()
        self.network.target = self._port
        self._past_turns += old.turns
        await old.__aexit__()

    def turns(self, since: float) -> list[HeardTurn]:
        """What any service has heard from `since` (monotonic s) on."""
        turns = [*self._past_turns, *self.server.turns]
        return [turn for turn in turns if turn.opened_at >= since]

    def forget(self, before: float) -> None:
        """What nobody will ask for any more, so that this process does not grow."""
        self._past_turns = [t for t in self._past_turns if t.opened_at >= before]
        self.box.journal[:] = [said for said in self.box.journal if said[0] >= before]
        messages = self.box.notify.messages
        status = next(
            (m for m in reversed(messages) if m[1].startswith("STATUS=")), None
        )
        messages[:] = [
            m
            for m in messages
            if m[0] >= before or m is status or m[1].startswith("READY=")
        ]
