# SPDX-License-Identifier: MIT
"""What tests of several parts need: a loop with a limit, waiting, and noise."""

import asyncio
import functools
from collections.abc import Callable

import numpy as np

LIMIT_S = 60.0


def in_loop(test):
    """Run an async test in an event loop of its own, for LIMIT_S at most."""

    @functools.wraps(test)
    def wrapper(*args, **kwargs):
        async def limited():
            async with asyncio.timeout(LIMIT_S):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return wrapper


async def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    """Wait until `condition` holds; TimeoutError if it never does."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.003)


def noise(frames: int, seed: int = 1) -> bytes:
    """s16le that repeats nowhere, and is silent nowhere."""
    magnitudes = np.random.default_rng(seed).integers(100, 20_000, frames)
    return magnitudes.astype("<i2").tobytes()
