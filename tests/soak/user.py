# SPDX-License-Identifier: MIT
"""Somebody in front of the box, for hours: talks, taps, talks over, and waits."""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.soak.surroundings import HOLD_LIMIT_S, Surroundings

#: Surely no tap.
_SHORTEST_HOLD_S = 0.3
#: Longer than a tail, or the next press goes on with the same turn.
_SHORTEST_PAUSE_S = 0.35
_COMES_BACK_S = 90.0
_BUSY = ("Listening", "Thinking", "Speaking", "Starting")


@dataclass(slots=True)
class Hold:
    """Something said; instants are monotonic seconds, tapes are in bytes."""

    number: int
    pressed_at: float
    released_at: float
    #: Where on the card's tapes it began.
    spoken_from: int
    heard_from: int
    #: When the button was next touched, if it was.
    next_press_at: float = float("inf")
    #: The number that the box gave it, 0 if none.
    turn: int = 0

    def __str__(self) -> str:
        return f"hold {self.number} of {self.released_at - self.pressed_at:.2f} s"


class User:
    """Uses the box of `world` at random; `holds` is what was said, newest last.

    Threads: the event loop's only.
    """

    def __init__(self, world: Surroundings, dice: random.Random) -> None:
        self.holds: list[Hold] = []
        self.said = self.taps = 0
        self._world = world
        self._box = world.box
        self._dice = dice
        self._spoken = self._heard = 0

    async def use(self) -> None:
        """For ever. TimeoutError if the box does not come back."""
        while True:
            await self._box.until(lambda: self._box.ready, _COMES_BACK_S)
            if self._dice.random() < 0.12:
                await self._tap()
            else:
                await self._talk()
            await self._wait()

    async def _tap(self) -> None:
        self._touch()
        self.taps += 1
        self._box.press()
        await asyncio.sleep(self._dice.uniform(0.03, 0.15))
        self._box.release()

    async def _talk(self) -> None:
        dice = self._dice
        long = dice.random() < 0.04
        seconds = HOLD_LIMIT_S + 1 if long else min(8.0, dice.expovariate(0.7) + 0.4)
        self._touch()
        self._wind_on()
        self.said += 1
        pressed_at = self._box.press()
        try:
            await asyncio.sleep(seconds)
        finally:
            released_at = self._box.release()
            hold = Hold(self.said, pressed_at, released_at, self._spoken, self._heard)
            # The end of the soak may have made a tap of it.
            if released_at - pressed_at > _SHORTEST_HOLD_S:
                self.holds.append(hold)

    async def _wait(self) -> None:
        """Until the answer is over, or not: a barge-in, a tap, or a long silence."""
        await asyncio.sleep(_SHORTEST_PAUSE_S)
        chance = self._dice.random()
        if chance < 0.3:
            await asyncio.sleep(self._dice.uniform(0, 4))
            return
        with suppress(TimeoutError):
            await self._box.until(self._is_calm, 30.0)
        await asyncio.sleep(self._dice.uniform(16, 20) if chance > 0.97 else chance * 2)

    def _is_calm(self) -> bool:
        return not self._box.status.startswith(_BUSY)

    def _touch(self) -> None:
        if self.holds:
            last = self.holds[-1]
            last.next_press_at = min(last.next_press_at, time.monotonic())

    def _wind_on(self) -> None:
        """To the ends of the tapes, without reading them from the beginning."""
        card = self._world.card
        self._spoken += len(card.spoken(self._spoken))
        self._heard += len(card.heard(self._heard))
