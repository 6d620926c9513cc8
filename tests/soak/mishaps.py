# SPDX-License-Identifier: MIT
"""Everything that goes wrong in a soak: how it is done, and undone."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.simulator.scenario import Close, Fault, Garbage, GoAway, Stall
from appliance.simulator.virtual_card import CardFault, StreamName
from tests.rig.manners import HalfOpen, Manner, Pass, Refuse, Slow
from tests.soak.surroundings import Surroundings

#: Happens to a world, with so much chance of its own.
Mishap = Callable[[Surroundings, random.Random], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the table; `weight` says how often it comes."""

    name: str
    happens: Mishap
    weight: float = 1.0


def choose(dice: random.Random, only: str | None) -> Kind:
    kinds = [kind for kind in KINDS if only in (None, kind.name)]
    return dice.choices(kinds, [kind.weight for kind in kinds])[0]


async def mend_all(world: Surroundings) -> None:
    """What a mishap that was interrupted has left broken."""
    await world.network.become(Pass())
    world.box.command("names")
    for stream in ("microphone", "speaker"):
        world.card.fault(stream, None)


def _reset() -> Mishap:
    async def happens(world: Surroundings, _: random.Random) -> None:
        world.network.reset()

    return happens


def _network(manner: Manner, shortest_s: float, longest_s: float) -> Mishap:
    """For a while."""

    async def happens(world: Surroundings, dice: random.Random) -> None:
        await world.network.become(manner)
        await asyncio.sleep(dice.uniform(shortest_s, longest_s))
        await world.network.become(Pass())

    return happens


def _service(fault: Fault) -> Mishap:
    """If no link is open there is nothing to break: LookupError."""

    async def happens(world: Surroundings, _: random.Random) -> None:
        await world.server.inject(fault)

    return happens


def _close(code: int, reason: str) -> Mishap:
    return _service(Close(code=code, reason=reason))


def _no_names() -> Mishap:
    """A link that is lost cannot be opened anew."""

    async def happens(world: Surroundings, dice: random.Random) -> None:
        world.box.command("no-names")
        world.network.reset()
        await asyncio.sleep(dice.uniform(1, 6))
        world.box.command("names")

    return happens


def _card(stream: StreamName, fault: CardFault) -> Mishap:
    async def happens(world: Surroundings, dice: random.Random) -> None:
        world.card.fault(stream, fault)
        await asyncio.sleep(dice.uniform(2, 5))
        world.card.fault(stream, None)

    return happens


def _block() -> Mishap:
    async def happens(world: Surroundings, dice: random.Random) -> None:
        seconds = dice.uniform(1, 3)
        world.box.command(f"block {seconds:.2f}")
        await asyncio.sleep(seconds)

    return happens


def _kill() -> Mishap:
    async def happens(world: Surroundings, _: random.Random) -> None:
        world.box.kill()

    return happens


def _new_service() -> Mishap:
    """The service forgets every handle."""

    async def happens(world: Surroundings, _: random.Random) -> None:
        await world.replace_server()

    return happens


#: What ends the process is rare: a leak shows only in one that lives long.
KINDS = (
    Kind("reset", _reset(), 2.0),
    Kind("half-open", _network(HalfOpen(), 1, 6)),
    Kind("slow uplink", _network(Slow(8000), 4, 10)),
    Kind("refused", _network(Refuse(), 1, 6)),
    Kind("no names", _no_names()),
    Kind("service stalls", _service(Stall())),
    Kind("service anew", _new_service()),
    Kind("close 1000", _close(1000, "")),
    Kind("close 1001", _close(1001, "")),
    Kind("close 1008 aborted", _close(1008, "The operation was aborted.")),
    Kind("close 1011", _close(1011, "Internal error encountered.")),
    Kind(
        "close 1011 unavailable", _close(1011, "The service is currently unavailable.")
    ),
    Kind("go-away 1 s", _service(GoAway(time_left_s=1.0))),
    Kind("go-away 50 s", _service(GoAway(time_left_s=50.0))),
    Kind("garbage", _service(Garbage())),
    Kind("microphone xrun", _card("microphone", "xrun")),
    Kind("speaker xrun", _card("speaker", "xrun")),
    Kind("microphone stalls", _card("microphone", "stall")),
    Kind("speaker stalls", _card("speaker", "stall")),
    Kind("loop blocked", _block(), 2.0),
    Kind("microphone gone", _card("microphone", "gone"), 0.15),
    Kind("speaker gone", _card("speaker", "gone"), 0.15),
    Kind("killed", _kill(), 0.15),
)
