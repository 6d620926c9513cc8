# SPDX-License-Identifier: MIT
"""`[microphone] open = "while-held"`: closed but while somebody talks."""

import asyncio
import os
import signal
import statistics
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.events import (
    ConfigChanged,
    DevicesReady,
    FaultCleared,
    FaultRaised,
    TalkPressed,
    TalkReleased,
)
from appliance.core.signals import Earcon, Fault
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, DEFAULT, compact, living_box
from tests.rig.own_process import LIMIT_S, process
from tests.rig.waiting import in_loop, noise, until

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
WHILE_HELD = CALM.changed(microphone=CALM.microphone.changed(open="while-held"))


def is_open() -> bool:
    """Whether this process has the capture device, by the file it records to."""
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/spoken.raw"):
                return True
    return False


async def closed() -> None:
    await until(lambda: not is_open())


@in_loop
async def test_it_is_open_in_a_hold_only_which_is_answered_to_the_frame(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, WHILE_HELD) as box:
            await box.ready()
            await closed()
            before = talkative_card.spoken()
            for count in (1, 2):
                box.panel.press()
                await until(lambda: is_open())
                await box.captured(0.6)
                box.panel.release()
                await box.until(lambda count=count: len(server.turns) == count)
                await closed()
                await box.quiet()
                await box.heard(server.turns[-1].answer)
        spoken = talkative_card.spoken()
        openings = [start.frame for start in talkative_card.starts("microphone")]
    assert openings[0] == 0
    assert len(before) // 2 in openings[1:]
    since_opened = [spoken[2 * frame :] for frame in openings[1:]]
    for turn in server.turns:
        assert any(heard.startswith(turn.heard) for heard in since_opened)
        assert len(turn.heard) / 32_000 >= 0.6
    assert not box.happened(FaultRaised)


@in_loop
async def test_a_tap_leaves_it_closed_and_sends_nothing(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, WHILE_HELD) as box:
            await box.ready()
            await closed()
            box.panel.press()
            box.panel.release()
            await box.until(lambda: box.happened(TalkReleased))
            await closed()
        assert "> audio" not in compact(server.wire())
    assert not box.happened(FaultRaised)


@in_loop
async def test_each_of_twenty_presses_opens_it_and_each_release_closes_it(
    virtual_card,
):
    config = DEFAULT.changed(microphone=WHILE_HELD.microphone)
    async with (
        LiveServer(QUICK) as server,
        living_box(virtual_card, server.url, config) as box,
    ):
        await box.ready()
        for _ in range(20):
            await closed()
            openings = len(virtual_card.starts("microphone"))
            box.panel.press()
            await until(lambda n=openings: len(virtual_card.starts("microphone")) > n)
            box.panel.release()
        await closed()
    opened = [start.at for start in virtual_card.starts("microphone")]
    pressed = [transition.event.at for transition in box.happened(TalkPressed)]
    lost = [1000 * (min(at for at in opened if at > p) - p) for p in pressed]
    print(f"press to first frame: median {statistics.median(lost):.1f} ms, ", end="")
    print(f"worst {max(lost):.1f} ms of {len(lost)}")
    assert not box.happened(FaultRaised)


@in_loop
async def test_a_press_while_it_is_being_closed_is_heard(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, WHILE_HELD) as box:
            await box.ready()
            for count in range(1, 6):
                box.panel.press()
                await box.captured(0.3)
                box.panel.release()
                await box.until(lambda: not box.transitions[-1].after.hold)
                await asyncio.sleep(0.004 * count)
            await box.until(lambda: len(server.turns) == 5)
            await box.quiet()
            await closed()
        spoken = talkative_card.spoken()
        assert all(turn.heard in spoken for turn in server.turns)
        assert not box.happened(FaultRaised)


@in_loop
async def test_a_press_finds_that_it_is_gone_says_so_and_the_next_is_heard(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, WHILE_HELD) as box:
            await box.ready()
            for fault in ("gone", "busy", "stall"):
                await closed()
                talkative_card.fault("microphone", fault)
                box.panel.press()
                await box.until(
                    lambda: Fault.MICROPHONE in box.transitions[-1].after.faults
                )
                assert box.effects(PlayEarcon)[-1].earcon is Earcon.MICROPHONE
                assert box.transitions[-1].after.hold is None
                box.panel.release()
                talkative_card.fault("microphone", None)
                await box.until(lambda: not box.transitions[-1].after.faults)
            await box.quiet()
            await closed()
            await box.hold(0.5)
            await box.until(lambda: server.turns)
        raised = [m.event.reason for m in box.happened(FaultRaised)]
        assert "not there" in raised[0]
        assert "another program has it" in raised[1]
        assert raised[2] == "its clock stopped"
        assert len(box.happened(FaultCleared)) == 3
        assert server.turns[0].heard in talkative_card.spoken()


class SlowCard:
    """As a USB microphone may be: it takes a second to open."""

    def __init__(self, card) -> None:
        self._card = card

    async def open_capture(self, *of):
        await asyncio.sleep(1.5)
        return await self._card.open_capture(*of)


@in_loop
async def test_a_hold_that_begins_to_be_heard_late_is_answered_all_the_same(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        async with living_box(
            talkative_card, server.url, WHILE_HELD, microphone_card=SlowCard
        ) as box:
            await box.ready()
            await closed()
            await box.hold(3.5)
            await box.state(State.SPEAKING)
            await box.quiet()
            start = talkative_card.starts("microphone")[-1].frame
            heard = talkative_card.spoken()[2 * start :]
        assert heard.startswith(server.turns[0].heard)
        assert not any(transition.after.mishap for transition in box.transitions)
        assert not box.happened(FaultRaised)


@in_loop
async def test_hands_free_it_is_open_from_one_press_to_the_other(virtual_card):
    config = WHILE_HELD.changed(
        turns=CALM.turns.changed(mode="server-vad"),
        vad=CALM.vad.changed(silence_ms=300),
    )
    speech = noise(16_000)
    async with LiveServer(QUICK) as server:
        async with living_box(virtual_card, server.url, config) as box:
            await box.ready()
            await closed()
            box.panel.press()
            box.panel.release()
            await box.captured(0.2)
            virtual_card.say(speech + bytes(32_000))
            await box.state(State.SPEAKING)
            await box.state(State.LISTENING)
            assert is_open()
            box.panel.press()
            box.panel.release()
            await closed()
        assert speech in server.turns[0].heard


@in_loop
async def test_hands_free_it_is_closed_while_what_it_heard_waits_for_the_link(
    virtual_card,
):
    config = WHILE_HELD.changed(turns=CALM.turns.changed(mode="server-vad"))
    speech = noise(16_000)
    async with LiveServer(QUICK) as nobody:
        url = nobody.url
    async with living_box(virtual_card, url, config) as box:
        await box.until(lambda: box.happened(DevicesReady))
        await box.quiet()
        await closed()
        box.panel.press()
        box.panel.release()
        await box.captured(0.1)
        await box.until(
            lambda: box.transitions[-1].after.speaker.quiet_since is not None
        )
        await box.captured(0.2)
        virtual_card.say(speech)
        await box.captured(1.5)
        box.panel.press()
        box.panel.release()
        await closed()
        assert box.transitions[-1].after.state is State.THINKING
        async with LiveServer(QUICK, port=urlsplit(url).port) as server:
            await box.state(State.SPEAKING)
            await box.quiet()
        assert speech in server.turns[0].heard
        assert Earcon.LOST not in {order.earcon for order in box.effects(PlayEarcon)}


@in_loop
async def test_a_reload_opens_and_closes_it(talkative_card):
    written = WHILE_HELD
    async with (
        LiveServer(QUICK) as server,
        living_box(
            talkative_card, server.url, CALM, read_config=lambda: written
        ) as box,
    ):
        await box.ready()
        assert is_open()
        written = written.changed(live=CALM.live.changed(endpoint=server.url))
        signal.raise_signal(signal.SIGHUP)
        await closed()
        assert box.transitions[-1].after.limits.pre_roll_s == 0
        written = CALM.changed(live=written.live)
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: is_open())
        assert len(box.happened(ConfigChanged)) == 2


def test_systemd_is_told_that_it_is_ready_and_alive_while_it_is_closed(
    virtual_card, notify, config_file
):
    path = Path(config_file)
    path.write_text(
        path.read_text().replace("[microphone]", '[microphone]\nopen = "while-held"')
    )
    told = {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"}
    with process(virtual_card, "run", "--config", config_file, **told) as box:
        ready_at = notify.next("READY=1")
        while notify.next("WATCHDOG=1") < ready_at + 3.0:
            pass
        heard = len(virtual_card.spoken())
        notify.next("WATCHDOG=1")
        notify.next("WATCHDOG=1")
        assert len(virtual_card.spoken()) == heard
        box.send_signal(signal.SIGTERM)
        assert box.wait(LIMIT_S) == 0
