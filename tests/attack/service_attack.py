# SPDX-License-Identifier: MIT
"""A box in the hands of a hostile service, and then of an honest one."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from appliance.simulator.live.address import PATH
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.attack import hostile_service as hostile
from tests.attack.outcome import Outcome
from tests.bench.usage import Usage, usage
from tests.live.loopback import peer
from tests.rig.box import Box
from tests.rig.room import Room
from tests.rig.settings import Sections

WATCHDOG_S = 20.0
HONEST = Scenario(answer_delay_ms=100, answer_speed=3.0)
#: The honest service must have answered so long after the attack.
_RECOVERY_S = 45.0
_PRESS_EVERY_S, _HOLD_S = 5.0, 0.8
#: What was captured while the LED showed it is on its way for so long.
_UNDER_WAY_S = 3.0
#: The shortest limits that the configuration takes.
_LIMIT_S, _LONGEST_S = 10.0, 20.0
_CHATTY: Sections = {"log": {"transcripts": True}}


@dataclass(frozen=True)
class ServiceAttack:
    """What the service says; the user presses now and then.

    With `open_for_s` the box is hands-free, is pressed once, and must close the
    microphone after so long; `least_s` is how long it takes to see that.
    """

    name: str
    talk: hostile.Talk
    changes: Sections = field(default_factory=lambda: _CHATTY)
    open_for_s: float | None = None

    @property
    def least_s(self) -> float:
        return 0.0 if self.open_for_s is None else self.open_for_s + 3 * _UNDER_WAY_S


def _open_microphone(name: str, talk: hostile.Talk, open_for_s: float) -> ServiceAttack:
    turns = {
        "mode": "server-vad",
        "echo": "full-duplex",
        "hands_free_limit_s": _LIMIT_S,
        "hands_free_longest_s": _LONGEST_S,
    }
    return ServiceAttack(name, talk, {"turns": turns}, open_for_s)


ATTACKS = (
    _open_microphone("hands-free, fault upon fault", hostile.FAULTS, _LONGEST_S),
    _open_microphone("hands-free, silent answers", hostile.SILENT_ANSWERS, _LIMIT_S),
    _open_microphone("hands-free, answers", hostile.LOUD_ANSWERS, _LONGEST_S),
    *(ServiceAttack(name, talk) for name, talk in hostile.FLOODS.items()),
    *(ServiceAttack(name, talk) for name, talk in hostile.ESCAPES.items()),
)


async def run(
    attack: ServiceAttack, directory: Path, cache: Path, seconds: float
) -> Outcome:
    """For `seconds`, and until the box has been answered by an honest service."""
    heard = hostile.Heard()
    seconds = max(seconds, attack.least_s)
    async with AsyncExitStack() as stack:
        card = VirtualCard(directory / "card", cache=cache)
        stack.callback(card.close)
        service = AsyncExitStack()
        stack.push_async_exit(service)
        talk = _noting(attack.talk, heard)
        url = await service.enter_async_context(peer(talk, path=PATH))
        await stack.enter_async_context(Room(directory / "card"))
        box = Box(directory, card, url, attack.changes, watchdog_s=WATCHDOG_S)
        await stack.enter_async_context(box)
        await box.until(lambda: box.ready and heard.links)
        gauge = Gauge(box)
        opened_at = await _use(box, gauge, seconds, once=attack.open_for_s is not None)
        complaints = [*alive(box), *_overheard(attack, box, heard, opened_at)]
        await service.aclose()
        came, more = await _answered(box, url, hands_free=attack.open_for_s is not None)
        gauge.look()
        return Outcome(
            attack.name,
            came,
            gauge.peak_rss_kb,
            gauge.cpu_s,
            seconds,
            box.lines(),
            (*complaints, *more),
        )


class Gauge:
    """What the processes of `box` have taken since this was made."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._first: dict[int, Usage] = {}
        self._last: dict[int, Usage] = {}
        self.look()

    def look(self) -> None:
        with suppress(OSError, KeyError):
            seen = usage(self._box.pid)
            self._first.setdefault(self._box.pid, seen)
            self._last[self._box.pid] = seen

    @property
    def peak_rss_kb(self) -> int:
        return max(seen.peak_rss_kb for seen in self._last.values())

    @property
    def cpu_s(self) -> float:
        return sum(self._last[pid].cpu_s - self._first[pid].cpu_s for pid in self._last)


def _noting(talk: hostile.Talk, heard: hostile.Heard) -> Callable:
    async def until_closed(socket) -> None:
        heard.links += 1
        with suppress(ConnectionError):
            await talk(socket, heard)

    return until_closed


async def _use(box: Box, gauge: Gauge, seconds: float, *, once: bool) -> float:
    """When the first press was (monotonic s)."""
    first_at, _ = await box.hold(_HOLD_S)
    while (left_s := first_at + seconds - time.monotonic()) > 0:
        await asyncio.sleep(min(_PRESS_EVERY_S, left_s))
        gauge.look()
        if not once:
            await box.hold(_HOLD_S)
    return first_at


def alive(box: Box) -> list[str]:
    """What went wrong with the process itself."""
    told = [f"ended with {life.exit_code}" for life in box.lives if life.ended_at]
    if any(life.starved for life in box.lives):
        told.append("starved the watchdog")
    return [*told, *(f"the key is in: {place}" for place in box.leaks)]


def _overheard(
    attack: ServiceAttack, box: Box, heard: hostile.Heard, opened_at: float
) -> list[str]:
    """Sound of an open microphone that came unshown, or too late."""
    if attack.open_for_s is None:
        return []
    audible = [at for at, has_sound in heard.audio if has_sound]
    late = [at for at in audible if at - opened_at > attack.open_for_s + _UNDER_WAY_S]
    unshown = [at for at in audible if not _listened(box, at - _UNDER_WAY_S, at)]
    told = []
    if not audible:
        told.append("the microphone was not heard at all")
    if late:
        told.append(f"streams {late[-1] - opened_at:.0f} s after the press")
    if unshown:
        told.append(f"{len(unshown)} of {len(audible)} periods of sound were not shown")
    return told


def _listened(box: Box, since: float, until: float) -> bool:
    """Whether the box showed an open microphone at any time between."""
    shown = [
        (at, line.startswith("STATUS=Listening"))
        for at, line in box.notify.messages
        if line.startswith("STATUS=")
    ]
    before = [listening for at, listening in shown if at <= since]
    return before[-1:] == [True] or any(
        listening for at, listening in shown if since < at <= until
    )


async def _answered(box: Box, url: str, *, hands_free: bool) -> tuple[str, list[str]]:
    """How long the user waits for an answer, once the service is honest again."""
    port = urlsplit(url).port or 0
    begun_at = time.monotonic()
    async with LiveServer(HONEST, port=port) as honest:
        with suppress(TimeoutError):
            async with asyncio.timeout(_RECOVERY_S):
                while not any(turn.complete for turn in honest.turns):
                    await box.hold(_HOLD_S)
                    if hands_free:  # The second press closes the microphone.
                        await box.hold(_HOLD_S)
                    with suppress(TimeoutError):
                        await box.until(
                            lambda: any(turn.complete for turn in honest.turns),
                            2 * _PRESS_EVERY_S,
                        )
                return f"answered {time.monotonic() - begun_at:.1f} s later", []
    return "not answered", [f"no answer in {_RECOVERY_S:g} s: {box.status}"]
