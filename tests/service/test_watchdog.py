# SPDX-License-Identifier: MIT
"""Whatever hangs, the pings stop within one watchdog period; systemd does the rest."""

import asyncio
import os
import signal
import time
from pathlib import Path

from appliance.simulator.live.server import LiveServer
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.box import Box
from tests.rig.room import Room
from tests.rig.waiting import in_loop

#: Longer than the slowest part may be silent; the unit's is 20 s.
PERIOD_S = 4.0
#: How each part is made to hang.
HANGS = {
    "event loop": "block 60",
    "microphone": "kill-microphone",
    "speaker": "kill-speaker",
    "inbox": "stick-inbox",
    "button": "kill-button",
    "whole process": "SIGSTOP",
}


@in_loop
async def test_each_of_six_hangs_stops_the_pings_within_a_watchdog_period(
    tmp_path, plugin_cache
):
    async with LiveServer() as server, asyncio.TaskGroup() as group:
        hanging = {
            part: group.create_task(
                silence_after(
                    order, tmp_path / order.split()[0], plugin_cache, server.url
                )
            )
            for part, order in HANGS.items()
        }
    silences = {part: task.result() for part, task in hanging.items()}
    for part, after_s in silences.items():
        print(f"{part:<14} hung: last ping after {after_s:4.2f} s of {PERIOD_S:g} s")
    assert [part for part, after_s in silences.items() if after_s >= PERIOD_S] == []


async def silence_after(order: str, directory: Path, cache: Path, url: str) -> float:
    """How long after the hang the last ping came; they came steadily before."""
    card = VirtualCard(directory / "card", cache=cache)
    async with (
        Room(directory / "card"),
        Box(directory, card, url, environment=pings(PERIOD_S)) as box,
    ):
        await box.until(lambda: box.ready)
        began_at = time.monotonic()
        await box.until(lambda: len(box.notify.times("WATCHDOG=1", began_at)) >= 3)
        hung_at = hang(box, order)
        # Nobody ends it here: it must stay silent by itself, or end by itself.
        await asyncio.sleep(1.5 * PERIOD_S)
        ended_at = box.lives[0].ended_at or float("inf")
        pinged = [at for at in box.notify.times("WATCHDOG=1", hung_at) if at < ended_at]
    card.close()
    return pinged[-1] - hung_at if pinged else 0.0


def pings(period_s: float) -> dict[str, str]:
    return {"WATCHDOG_USEC": str(int(period_s * 1e6))}


def hang(box: Box, order: str) -> float:
    """When it was ordered (monotonic s)."""
    if order != "SIGSTOP":
        return box.command(order)
    os.kill(box.pid, signal.SIGSTOP)
    return time.monotonic()
