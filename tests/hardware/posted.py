# SPDX-License-Identifier: MIT
"""What the tests of the devices need: posted events, sounds, and patience."""

import asyncio
import functools
from collections.abc import Callable

import numpy as np

from appliance.core.events import Event


class Posted(list[Event]):
    """Takes events from any thread, in order."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: type) -> list:
        return [event for event in list(self) if isinstance(event, kind)]

    async def first(self, kind: type):
        """The first event of `kind`, waited for."""
        await until(lambda: self.of(kind))
        return self.of(kind)[0]


async def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    """Wait until `condition` holds; TimeoutError if it never does."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.003)


def in_loop(test):
    """Run an async test in an event loop of its own."""

    @functools.wraps(test)
    def wrapper(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return wrapper


def noise(frames: int, seed: int = 1) -> bytes:
    """s16le that repeats nowhere, and is silent nowhere."""
    magnitudes = np.random.default_rng(seed).integers(100, 20_000, frames)
    return magnitudes.astype("<i2").tobytes()
