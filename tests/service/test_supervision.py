# SPDX-License-Identifier: MIT
"""The service as a process of its own, as systemd sees it."""

import json
import os
import signal
import time

from appliance.core.events import StopRequested
from appliance.core.liveness import LIMITS_S
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import living_box
from tests.rig.own_process import KEY, LIMIT_S, process
from tests.rig.waiting import in_loop, noise

WATCHDOG_S = 2.0


def test_systemd_sees_ready_status_progress_a_stall_recovery_and_the_stop(
    virtual_card, notify, config_file
):
    told = {
        "NOTIFY_SOCKET": notify.path,
        "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
    }
    with process(virtual_card, "run", "--config", config_file, **told) as box:
        notify.next("STATUS=Starting. Wait for the ready sound.")
        notify.next("STATUS=No network. Check Wi-Fi")
        notify.seen("READY=1")
        notify.next("WATCHDOG=1")
        notify.next("WATCHDOG=1")

        virtual_card.fault("microphone", "stall")
        notify.next("STATUS=Microphone. Check")
        assert notify.silent_for(2 * WATCHDOG_S, "WATCHDOG=1")

        virtual_card.fault("microphone", None)
        notify.next("STATUS=No network.")
        notify.next("WATCHDOG=1")

        stopped_at = time.monotonic()
        box.send_signal(signal.SIGTERM)
        notify.next("STOPPING=1")
        out, err = box.communicate(timeout=LIMIT_S)
        assert time.monotonic() - stopped_at < 2.0
        assert box.returncode == 0
    assert KEY not in out + err
    assert "Traceback" not in err
    assert "microphone (its clock stopped)" in err


def test_sigterm_does_not_wait_for_a_name_that_is_being_resolved(
    virtual_card, notify, config_file, tmp_path
):
    """As on a network whose name server is silent."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, time\nsocket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
    )
    slow = {"NOTIFY_SOCKET": notify.path, "PYTHONPATH": f"{tmp_path}:{os.getcwd()}"}
    with process(virtual_card, "run", "--config", config_file, **slow) as box:
        notify.next("READY=1")
        stopped_at = time.monotonic()
        box.send_signal(signal.SIGTERM)
        box.communicate(timeout=LIMIT_S)
        assert time.monotonic() - stopped_at < 2.0
        assert box.returncode == 0


@in_loop
async def test_sigterm_in_mid_sentence_closes_the_turn_on_the_wire_within_two_seconds(
    virtual_card,
):
    virtual_card.say(noise(160_000))
    async with LiveServer(Scenario(setup_delay_ms=0)) as server:
        arguments = ["demo", "--endpoint", server.url, "--script", "-", "--json"]
        arguments += ["--mic", "alsa:microphone", "--speaker", "alsa:speaker"]
        with process(virtual_card, *arguments) as box:
            box.stdin.write("press\n")
            box.stdin.flush()
            await server.wait_for(lambda server: "> activityStart" in server.wire())
            stopped_at = time.monotonic()
            box.send_signal(signal.SIGTERM)
            await server.wait_for(lambda server: server.wire()[-1] == "> close 1000")
            out, err = box.communicate(timeout=LIMIT_S)
            assert time.monotonic() - stopped_at < 2.0
            assert box.returncode == 0, err
        assert server.wire()[-2:] == ["> activityEnd", "> close 1000"]
        names = [json.loads(line)["event"] for line in out.splitlines()]
        assert "turn_opened" in names
        assert "turn_closed" in names


@in_loop
async def test_every_part_that_may_stall_has_a_heartbeat(virtual_card):
    async with living_box(virtual_card, "ws://127.0.0.1:9") as box:
        assert box.appliance._beats().keys() == LIMITS_S.keys()


@in_loop
async def test_once_stopped_the_box_does_not_listen_any_more(virtual_card):
    async with LiveServer(Scenario(setup_delay_ms=0)) as server:
        async with living_box(virtual_card, server.url) as box:
            await box.ready()
            box.appliance.stop()
            box.panel.press()
        assert isinstance(box.transitions[-1].event, StopRequested)
