# SPDX-License-Identifier: MIT
"""A leak ends in a restart, with or without the kernel's memory cgroup."""

import asyncio
import configparser

import pytest

from appliance.service import memory
from appliance.service.memory import MOST_MB, MemoryExceeded, watch_memory
from appliance.simulator.live.server import LiveServer
from docs.generate.documents import DEPLOY
from tests.rig.box import Box
from tests.rig.waiting import in_loop


@in_loop
async def test_a_service_that_leaks_says_so_ends_and_comes_back(tmp_path, virtual_card):
    async with (
        LiveServer() as server,
        Box(tmp_path / "box", virtual_card, server.url) as box,
    ):
        await box.until(lambda: box.ready)
        box.command(f"leak {MOST_MB}")
        await box.until(lambda: len(box.lives) == 2 and box.ready)
        assert box.lives[0].exit_code == 1
        told = [line for line in box.lines() if "MB of memory" in line]
        assert len(told) == 1
        assert f"never needs more than {MOST_MB}: it ends, and systemd" in told[0]
        assert not any("Traceback" in line for line in box.lines())


@pytest.fixture
def leaking(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent")
    monkeypatch.setattr(memory, "resident_mb", lambda: MOST_MB + 1.0)


@in_loop
async def test_an_answer_is_heard_out_before_the_process_ends(leaking):
    settled = asyncio.Event()
    watching = asyncio.create_task(watch_memory(settled))
    await asyncio.sleep(0)
    assert not watching.done()
    settled.set()
    with pytest.raises(MemoryExceeded):
        await watching


@in_loop
async def test_an_answer_without_end_does_not_keep_the_process(leaking, monkeypatch):
    monkeypatch.setattr(memory, "_SETTLE_LIMIT_S", 0.0)
    with pytest.raises(MemoryExceeded):
        await watch_memory(asyncio.Event())


@in_loop
async def test_where_nobody_would_start_it_again_it_goes_on(leaking, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET")
    watching = asyncio.create_task(watch_memory(asyncio.Event()))
    await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()


def test_the_service_ends_itself_before_the_kernel_kills_it_with_its_tools():
    unit = configparser.RawConfigParser(strict=False)
    unit.read(DEPLOY / "systemd" / "voice-appliance.service")
    assert int(unit["Service"]["MemoryMax"].removesuffix("M")) > MOST_MB
