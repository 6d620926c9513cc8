# SPDX-License-Identifier: MIT
"""Whatever hangs, the pings stop within one watchdog period; systemd does the rest."""

import asyncio
import math
import os
import signal
import time
from pathlib import Path

from appliance.core.liveness import LIMITS_S
from appliance.service import systemd
from appliance.simulator.live.server import LiveServer
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.box import Box
from tests.rig.notify import NotifySocket
from tests.rig.room import Room
from tests.rig.waiting import in_loop, until

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


@in_loop
async def test_a_healthy_box_pings_several_times_in_each_period(tmp_path, monkeypatch):
    """Once would do for a machine that is never late. man sd_watchdog_enabled asks for
    two."""
    async with NotifySocket(tmp_path / "notify", lambda: None) as notify:
        monkeypatch.setenv("NOTIFY_SOCKET", str(notify.path))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        alive = dict.fromkeys(LIMITS_S, math.inf)
        watching = asyncio.create_task(systemd.watch(lambda: alive))
        await until(lambda: len(notify.messages) >= 4)
        watching.cancel()
    pinged = notify.times("WATCHDOG=1")
    assert 0.2 < min(map(float.__sub__, pinged[1:], pinged)) < 0.3


@in_loop
async def test_a_start_that_waits_for_a_device_asks_for_time_before_it_runs_out(
    tmp_path, monkeypatch
):
    async with NotifySocket(tmp_path / "notify", lambda: None) as notify:
        monkeypatch.setenv("NOTIFY_SOCKET", str(notify.path))
        naps: list[float] = []

        async def nap(seconds: float) -> None:
            naps.append(seconds)
            await real_sleep(0 if len(naps) < 3 else 60)

        real_sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", nap)
        waiting = asyncio.create_task(systemd.extend_start())
        while len(notify.messages) < 3:
            await real_sleep(0.003)
        waiting.cancel()
    allowed = {int(line.partition("=")[2]) / 1e6 for _, line in notify.messages}
    # It survives two that are late or lost.
    assert 3 * max(naps) <= min(allowed) <= 60
