# SPDX-License-Identifier: MIT
"""A sound device that comes, stalls, goes, and comes back."""

import asyncio
import math
import re
import time
from pathlib import Path

import pytest

from appliance.core.events import DevicesReady, FaultCleared, FaultRaised
from appliance.core.liveness import LIMITS_S
from appliance.core.signals import Fault
from appliance.hardware.card import CardHung, DeviceUnavailable, DeviceUnknown
from appliance.service import devices
from appliance.service.devices import Demand, keep_open
from tests.rig.notify import NotifySocket
from tests.rig.waiting import in_loop, until

LIMIT_S = 0.05


class Device:
    """Opens as `outcomes` has it, the last one for ever, and beats while `beats`."""

    reopened_at = -math.inf

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes = list(outcomes)
        self.is_open = False
        self._beat_at = -math.inf
        self.beats = True
        self.openings = 0

    @property
    def beat_at(self) -> float:
        if self.is_open and self.beats:
            self._beat_at = time.monotonic()
        return self._beat_at

    async def open(self) -> None:
        self.openings += 1
        outcome = (
            self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        )
        if outcome:
            raise outcome
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(devices, "_RETRY_AFTER_S", 0.005)


class Keeping:
    """keep_open at work."""

    def __init__(self, device: Device) -> None:
        self.posted: list = []
        self.works = asyncio.Event()
        self.need = Demand()
        self.task = asyncio.create_task(
            keep_open(
                device,
                Fault.MICROPHONE,
                LIMIT_S,
                self.posted.append,
                self.works,
                self.need,
            )
        )

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@in_loop
async def test_a_device_that_is_not_there_yet_is_told_once_and_waited_for():
    gone = DeviceUnavailable("unplugged")
    device = Device(gone, gone, gone, None)
    keeping = Keeping(device)
    await keeping.works.wait()
    assert keeping.posted == [
        FaultRaised(Fault.MICROPHONE, "unplugged"),
        FaultCleared(Fault.MICROPHONE),
    ]
    assert device.openings == 4
    await keeping.stop()


@in_loop
async def test_a_device_whose_name_is_wrong_from_the_start_is_an_error():
    keeping = Keeping(Device(DeviceUnknown("no such PCM")))
    with pytest.raises(DeviceUnknown, match="no such PCM"):
        await keeping.task


@in_loop
async def test_a_device_that_was_there_and_is_unknown_for_a_moment_is_waited_for():
    device = Device(None, DeviceUnknown("ALSA is being configured"), None)
    keeping = Keeping(device)
    await keeping.works.wait()
    device.beats = False
    await until(lambda: device.openings == 2)
    device.beats = True
    await until(lambda: FaultCleared(Fault.MICROPHONE) in keeping.posted)
    assert keeping.posted[0] == FaultRaised(Fault.MICROPHONE, "its clock stopped")
    await keeping.stop()


@in_loop
async def test_a_card_that_hangs_is_told_before_it_takes_the_process_with_it():
    device = Device(None, CardHung("no answer"))
    keeping = Keeping(device)
    await keeping.works.wait()
    device.beats = False
    with pytest.raises(CardHung, match="no answer"):
        await keeping.task
    assert keeping.posted == [FaultRaised(Fault.MICROPHONE, "its clock stopped")]


@in_loop
async def test_a_card_that_hangs_when_it_is_needed_is_told_as_well():
    device = Device(None, CardHung("no answer"))
    keeping = Keeping(device)
    keeping.need.set(False)
    await until(lambda: device.openings == 1 and not device.is_open)
    keeping.need.set(True)
    with pytest.raises(CardHung, match="no answer"):
        await keeping.task
    assert keeping.posted == [FaultRaised(Fault.MICROPHONE, "no answer")]


@in_loop
async def test_a_stalled_device_does_not_count_as_working_and_is_told_once():
    device = Device(None)
    keeping = Keeping(device)
    await keeping.works.wait()
    device.beats = False
    await until(lambda: device.openings == 4)
    assert not keeping.works.is_set()
    assert keeping.posted == [FaultRaised(Fault.MICROPHONE, "its clock stopped")]
    await keeping.stop()


@in_loop
async def test_a_device_that_nobody_needs_is_closed_once_it_was_real():
    device = Device(None)
    keeping = Keeping(device)
    keeping.need.set(False)
    device.beats = False
    await until(lambda: device.is_open)
    for _ in range(5):
        await asyncio.sleep(0)
    assert device.is_open
    device.beats = True
    await until(lambda: not device.is_open)
    assert keeping.works.is_set()
    assert keeping.posted == []
    await keeping.stop()


@in_loop
async def test_closed_it_counts_as_alive_and_opened_it_must_beat():
    device = Device(None)
    keeping = Keeping(device)
    assert keeping.need.rested_at == -math.inf
    keeping.need.set(False)
    await until(lambda: device.openings == 1 and not device.is_open)
    closed_at = time.monotonic()
    await until(lambda: keeping.need.rested_at > closed_at + LIMIT_S)
    assert keeping.posted == []
    device.beats = False
    keeping.need.set(True)
    await until(lambda: keeping.posted)
    assert keeping.posted == [FaultRaised(Fault.MICROPHONE, "its clock stopped")]
    assert closed_at < keeping.need.rested_at < time.monotonic() - LIMIT_S
    await keeping.stop()


@in_loop
async def test_a_fault_that_a_press_found_is_cleared_though_nobody_presses_again():
    device = Device(None, DeviceUnavailable("unplugged"), None)
    keeping = Keeping(device)
    keeping.need.set(False)
    await until(lambda: device.openings == 1 and not device.is_open)
    keeping.need.set(True)
    await until(lambda: keeping.posted)
    keeping.need.set(False)
    await until(lambda: device.openings == 3 and not device.is_open)
    assert keeping.posted == [
        FaultRaised(Fault.MICROPHONE, "unplugged"),
        FaultCleared(Fault.MICROPHONE),
    ]
    await keeping.stop()


@in_loop
async def test_needed_again_before_it_is_closed_it_stays_open():
    device = Device(None)
    keeping = Keeping(device)
    await keeping.works.wait()
    keeping.need.set(False)
    keeping.need.set(True)
    await asyncio.sleep(LIMIT_S)
    assert (device.openings, device.is_open) == (1, True)
    await keeping.stop()


class Running:
    """run_devices with a microphone that hangs once `hang` is called."""

    def __init__(self) -> None:
        self.microphone = Device(None, CardHung("no answer"))
        self.speaker = Device(None)
        self.posted: list = []
        self.settled = asyncio.Event()
        self.task = asyncio.create_task(
            devices.run_devices(
                self.microphone,
                self.speaker,
                Demand(),
                self.posted.append,
                self.settled,
            )
        )

    async def hang(self) -> None:
        await until(lambda: DevicesReady() in self.posted)
        self.microphone.beats = False
        await until(lambda: self.microphone.openings == 2)
        await asyncio.sleep(0.05)

    async def end(self) -> None:
        with pytest.raises(ExceptionGroup, match="unhandled") as raised:
            await self.task
        assert raised.group_contains(CardHung)


@pytest.fixture
def _quick_heartbeats(monkeypatch):
    monkeypatch.setattr(devices, "LIMITS_S", dict.fromkeys(LIMITS_S, LIMIT_S))


@pytest.mark.usefixtures("_quick_heartbeats")
@in_loop
async def test_a_microphone_that_hangs_lets_the_answer_end_first():
    running = Running()
    await running.hang()
    assert not running.task.done()
    running.settled.set()
    await running.end()


@pytest.mark.usefixtures("_quick_heartbeats")
@in_loop
async def test_an_answer_that_does_not_end_does_not_keep_a_card_that_hangs(monkeypatch):
    monkeypatch.setattr(devices, "_LAST_ANSWER_LIMIT_S", 0.1)
    running = Running()
    await running.hang()
    await running.end()


def test_an_answer_may_last_as_long_as_the_watchdog_waits_and_no_longer():
    """The pings stop with the microphone: systemd ends the process at WatchdogSec."""
    unit = Path(__file__).parents[2] / "deploy/systemd/voice-appliance.service"
    (period,) = re.findall(r"^WatchdogSec=(\d+)$", unit.read_text(), re.M)
    since_last_ping_s = int(period) / 4 + LIMITS_S["microphone"]
    left_s = int(period) - since_last_ping_s
    assert left_s / 2 < devices._LAST_ANSWER_LIMIT_S < left_s


@pytest.mark.usefixtures("_quick_heartbeats")
@in_loop
async def test_it_is_ready_once_both_devices_are_real_and_asks_for_time_until_then(
    tmp_path, monkeypatch
):
    async with NotifySocket(tmp_path / "notify", lambda: None) as notify:
        monkeypatch.setenv("NOTIFY_SOCKET", str(notify.path))
        running = Running()
        running.speaker.beats = False
        await until(lambda: running.speaker.openings > 1)
        assert notify.times("EXTEND_TIMEOUT_USEC=")
        assert DevicesReady() not in running.posted
        running.speaker.beats = True
        await until(lambda: DevicesReady() in running.posted)
        running.task.cancel()
        await asyncio.wait({running.task})
