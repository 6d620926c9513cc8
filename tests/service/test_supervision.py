# SPDX-License-Identifier: MIT
"""The service as a process of its own, as systemd sees it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from patience import in_loop, noise

from appliance.core.liveness import LIMITS_S
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario

WATCHDOG_S = 2.0
LIMIT_S = 30.0


class NotifySocket:
    """What a service tells systemd (man sd_notify), message by message."""

    def __init__(self, path) -> None:
        self.path = str(path)
        self.messages: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def next(self, start: str, limit_s: float = LIMIT_S) -> float:
        """Receive until a line starts so; when it did (monotonic s)."""
        until = time.monotonic() + limit_s
        while (left_s := until - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            text = self._socket.recv(4096).decode()
            self.messages.append((time.monotonic(), text))
            if any(line.startswith(start) for line in text.splitlines()):
                return self.messages[-1][0]
        raise TimeoutError(f"no {start!r} in {self.messages}")

    def seen(self, start: str) -> None:
        """As `next`, but it may have come already."""
        if not any(text.startswith(start) for _, text in self.messages):
            self.next(start)

    def silent_for(self, seconds: float, start: str) -> bool:
        """Whether none arrives in so long."""
        try:
            self.next(start, seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def notify(tmp_path):
    notified = NotifySocket(tmp_path / "notify")
    yield notified
    notified.close()


@contextmanager
def process(virtual_card, *arguments: str, **environment: str):
    """`voice-appliance ...` on mock pins; killed at the end, if it still runs."""
    running = subprocess.Popen(
        [sys.executable, "-m", "appliance", *arguments],
        env={
            **os.environ,
            **virtual_card.environment,
            "GPIOZERO_PIN_FACTORY": "mock",
            "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin",
            "GEMINI_API_KEY": "a-key-to-look-for",
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


@pytest.fixture
def config_file(tmp_path):
    """A configuration for the virtual card, and no service to talk to."""
    path = tmp_path / "config.toml"
    path.write_text(
        '[live]\nendpoint = "ws://localhost:9"\n'
        '[microphone]\ndevice = "microphone"\n'
        '[speaker]\ndevice = "speaker"\n'
    )
    return str(path)


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
    assert "a-key-to-look-for" not in out + err
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


def test_a_frozen_process_stops_the_pings(virtual_card, notify, config_file):
    told = {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    with process(virtual_card, "run", "--config", config_file, **told) as box:
        notify.next("WATCHDOG=1")
        box.send_signal(signal.SIGSTOP)
        notify.silent_for(0.1, "WATCHDOG=1")
        assert notify.silent_for(WATCHDOG_S, "WATCHDOG=1")


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


def test_every_part_of_the_box_has_a_heartbeat():
    assert set(LIMITS_S) == {"microphone", "speaker", "inbox", "button"}
