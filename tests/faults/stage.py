# SPDX-License-Identifier: MIT
"""One box with all that is around it: card, room, network, service, and its user."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from appliance.core.signals import TABLE, Signal
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.black_hole import BlackHole
from tests.rig.box import Box
from tests.rig.certificates import Certificates
from tests.rig.network import Network
from tests.rig.room import Room
from tests.rig.settings import Sections

#: There is time to think, and an answer arrives twice as fast as it sounds.
SCENARIO = Scenario(answer_delay_ms=800, answer_speed=2.0)
#: As deploy/systemd/voice-appliance.service has it.
WATCHDOG_S = 20.0
#: A fault has to strike within a phase.
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Held:
    """One hold of the button: from when to when (monotonic s)."""

    pressed_at: float
    released_at: float


@dataclass
class Stage:
    """Everything an outsider can see and touch."""

    card: VirtualCard
    server: LiveServer
    #: Another service, to which links may be led instead.
    other: LiveServer
    network: Network
    box: Box
    certificates: Certificates
    #: Where the IPv6 of the service's name leads, if anywhere.
    black_hole: BlackHole | None = None
    holds: list[Held] = field(default_factory=list)
    pressed_at: float = 0.0

    @property
    def turns(self) -> list[HeardTurn]:
        """What either service heard, in order."""
        return sorted(
            self.server.turns + self.other.turns, key=lambda turn: turn.opened_at
        )

    @property
    def generated(self) -> bool:
        """The service has sent the whole answer to the newest turn."""
        wire = self.server.wire(self.turns[-1].link)
        begun = max(i for i, line in enumerate(wire) if line == "> activityStart")
        return "< generationComplete" in wire[begun:]

    @property
    def presses(self) -> int:
        return len(self.holds)

    def shows(self, *signals: Signal) -> bool:
        """The box says that it is in one of these situations."""
        situations = (TABLE[signal].situation for signal in signals)
        return any(_shows(self.box.status, situation) for situation in situations)

    def press(self) -> float:
        self.pressed_at = self.box.press()
        return self.pressed_at

    def release(self) -> Held:
        self.holds.append(Held(self.pressed_at, self.box.release()))
        return self.holds[-1]

    async def hold(self, seconds: float) -> Held:
        self.press()
        await asyncio.sleep(seconds)
        return self.release()

    async def until(
        self, condition: Callable[[], object], limit_s: float = 20.0
    ) -> None:
        """Wait until `condition` holds, looked at all the time; or TimeoutError."""
        async with asyncio.timeout(limit_s):
            while not condition():
                await asyncio.sleep(_LOOK_EVERY_S)

    async def rest(self, *signals: Signal, for_s: float, limit_s: float) -> float:
        """Wait until one of `signals` has been shown for so long: since when."""
        since: float | None = None
        async with asyncio.timeout(limit_s):
            while since is None or time.monotonic() - since < for_s:
                if not (self.box.ready and self.shows(*signals)):
                    since = None
                elif since is None:
                    since = time.monotonic()
                await asyncio.sleep(_LOOK_EVERY_S)
        return since

    def lead_astray(self) -> None:
        """Links are opened to the other service until that has heard a turn."""
        self.network.target = port(self.other)

        async def lead_back() -> None:
            await self.other.wait_for(
                lambda other: any(turn.closed_at for turn in other.turns)
            )
            self.network.target = port(self.server)

        self._leading = asyncio.create_task(lead_back())


def port(server: LiveServer) -> int:
    found = urlsplit(server.url).port
    assert found is not None
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where the box runs: behind which command, and where it finds the service."""

    prefix: tuple[str, ...] = ()
    host: str = "127.0.0.1"


HERE = Place()


@asynccontextmanager
async def staged(
    directory: Path,
    plugin_cache: Path,
    *,
    scenario: Scenario = SCENARIO,
    other: Scenario = SCENARIO,
    changes: Sections | None = None,
    tls: bool = False,
    place: Place = HERE,
    before: Callable[[Stage], None] = lambda stage: None,
) -> AsyncIterator[Stage]:
    """A box that is ready, rests, and has a link; `before` comes before its start."""
    certificates = Certificates(plugin_cache / place.host, place.host)
    card = VirtualCard(directory / "card", cache=plugin_cache)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(LiveServer(scenario))
        another = await stack.enter_async_context(LiveServer(other))
        network = Network(
            port(server), tls=certificates.good if tls else None, host=place.host
        )
        await stack.enter_async_context(network)
        await stack.enter_async_context(Room(directory / "card"))
        stack.callback(card.close)
        box = Box(
            directory,
            card,
            network.url,
            changes or {},
            {"SSL_CERT_FILE": str(certificates.authority)} if tls else {},
            watchdog_s=WATCHDOG_S,
            prefix=place.prefix,
        )
        stage = Stage(card, server, another, network, box, certificates)
        before(stage)
        await stack.enter_async_context(box)
        await stage.rest(Signal.IDLE, for_s=1.0, limit_s=30.0)
        await stage.until(lambda: server.open_links + another.open_links)
        yield stage


def _shows(status: str, situation: str) -> bool:
    shown = status.partition(". ")[0].partition(" (turn")[0]
    return shown.lower() == situation.lower()
