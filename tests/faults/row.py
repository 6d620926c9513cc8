# SPDX-License-Identifier: MIT
"""A fault: how it is done, how it is mended, what it is to the box."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from appliance.core.signals import Signal
from appliance.simulator import scenario as sc
from appliance.simulator.virtual_card import CardFault, StreamName
from tests.faults.promise import Kind
from tests.faults.stage import SCENARIO, Stage, port
from tests.rig.manners import Manner, Pass, Says
from tests.rig.settings import Sections

#: RFC 6455 section 5.5: a close frame takes no more.
_MOST_REASON = 123

Strike = Callable[[Stage], Awaitable[None]]


async def nothing(stage: Stage) -> None:
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fault. One that lasts is mended `lasts_s` after it came."""

    name: str
    kind: Kind
    inject: Strike = nothing
    mend: Strike = nothing
    lasts_s: float = 0.0
    #: What the box shows and says about it.
    signal: Signal | None = None
    scenario: sc.Scenario = SCENARIO
    other: sc.Scenario = SCENARIO
    #: Done before the utterance begins.
    prepare: Strike = nothing
    changes: Sections = field(default_factory=dict)
    hold_s: float = 1.2
    #: The link must be so old.
    link_age_s: float = 0.0
    tls: bool = False
    #: The utterance is first heard by the other service.
    astray: bool = False
    #: The utterance is said over an answer.
    talks_over: bool = False


def scenario(**changes: object) -> sc.Scenario:
    return msgspec.structs.replace(SCENARIO, **changes)


def service(fault: sc.Fault) -> Strike:
    async def strike(stage: Stage) -> None:
        await stage.server.inject(fault)

    return strike


def network(manner: Manner) -> Strike:
    async def strike(stage: Stage) -> None:
        await stage.network.become(manner)

    return strike


def card(stream: StreamName, fault: CardFault | None) -> Strike:
    async def strike(stage: Stage) -> None:
        stage.card.fault(stream, fault)

    return strike


def inside(command: str) -> Strike:
    async def strike(stage: Stage) -> None:
        stage.box.command(command)

    return strike


def refused_by_error(code: int, message: str, signal: Signal) -> Row:
    """A gateway sends an error object in place of a close frame, and to every new link,
    too."""
    error = sc.Error(code=code, message=message)
    return _refused(f"error {code} {message[:34].strip()}", error, signal)


def never_set_up() -> Row:
    """A service that is there, and answers no setup."""

    async def strike(stage: Stage) -> None:
        stage.network.target = port(stage.other)
        stage.network.reset()

    async def mend(stage: Stage) -> None:
        stage.network.target = port(stage.server)
        stage.network.reset()

    return Row(
        *("setup never answered", Kind.NEVER_SET_UP, strike, mend),
        lasts_s=13.0,
        signal=Signal.REFUSED,
        other=scenario(setup_delay_ms=60_000),
    )


async def _mend_refusal(stage: Stage) -> None:
    stage.network.target = port(stage.server)


def refusal(code: int, reason: str, signal: Signal) -> Row:
    """The service closes so, and closes every new link so, too."""
    close = sc.Close(code=code, reason=reason[:_MOST_REASON])
    return _refused(f"{code} {reason[:40].strip()}", close, signal)


def _refused(name: str, fault: sc.Error | sc.Close, signal: Signal) -> Row:
    """`fault` ends this link, and then each new one at its setup."""
    again = msgspec.structs.replace(fault, at="setup", repeat=True)

    async def strike(stage: Stage) -> None:
        stage.network.target = port(stage.other)
        if stage.server.open_links:
            await stage.server.inject(fault)

    return Row(
        name,
        Kind.REFUSED,
        strike,
        _mend_refusal,
        lasts_s=5.0,
        signal=signal,
        other=scenario(faults=(again,)),
    )


def closed(code: int, reason: str = "") -> Row:
    """The service closes so once; the next link works."""
    strike = service(sc.Close(code=code, reason=reason[:_MOST_REASON]))
    return Row(f"{code} {reason[:40].strip()}".strip(), Kind.LINK_LOST, strike)


def away(name: str, strike: Strike, mend: Strike, **more: object) -> Row:
    """No link can be opened for some seconds."""
    values = {"lasts_s": 3.0, "signal": Signal.NETWORK} | more
    return Row(name, Kind.AWAY, strike, mend, **values)  # type: ignore[arg-type]


def answered_by(status: int, signal: Signal) -> Row:
    """Something in between answers instead of the service."""
    strike, mend = network(Says.http(status)), network(Pass())
    if signal is Signal.NETWORK:
        return away(f"HTTP {status}", strike, mend)
    return Row(f"HTTP {status}", Kind.REFUSED, strike, mend, 5.0, signal)


def broken_card(stream: StreamName, fault: CardFault, lasts_s: float) -> Row:
    """The card stalls, or is unplugged, for so long."""
    end = "STALLS" if fault == "stall" else "GONE"
    kind = Kind[f"{stream.upper()}_{end}"]
    strike, mend = card(stream, fault), card(stream, None)
    signal = Signal[stream.upper()]
    return Row(f"{stream} {fault}", kind, strike, mend, lasts_s, signal)
