# SPDX-License-Identifier: MIT
"""The wall clock is set by years under the running service, or is not set at all."""

import ast
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.core.signals import TABLE, Signal
from appliance.simulator.live.server import LiveServer
from tests.rig.box import Box
from tests.rig.certificates import certificate
from tests.rig.room import Room
from tests.rig.waiting import in_loop

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "appliance"
YEAR_S = 31_557_600
LONG_AGO = -50 * YEAR_S  # A Pi without a clock starts in the past.


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> str:
    library = tmp_path_factory.mktemp("shim") / "shifted_clock.so"
    source = HERE / "shifted_clock.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


@pytest.fixture
def shift(tmp_path):
    """Sets the clock of a process that runs with `clock` off by so many seconds."""
    path = tmp_path / "shift"

    def set_clock(seconds: int) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(path)

    set_clock(0)
    return set_clock


@pytest.fixture
def clock(shim, shift, tmp_path) -> dict[str, str]:
    """The environment of a process whose clock `shift` sets."""
    return {"LD_PRELOAD": shim, "CLOCK_SHIFT_FILE": str(tmp_path / "shift")}


def test_the_shim_sets_the_wall_clock_and_no_other(clock, shift):
    shift(20 * YEAR_S)
    command = [
        sys.executable,
        "-c",
        "import time; print(time.time(), time.monotonic())",
    ]
    run = subprocess.run(command, env={**os.environ, **clock}, capture_output=True)
    wall, monotonic = map(float, run.stdout.split())
    assert abs(wall - time.time() - 20 * YEAR_S) < 60
    assert 0 <= time.monotonic() - monotonic < 60


@in_loop
async def test_turns_are_answered_whole_and_pings_go_on_when_the_clock_jumps_by_years(
    virtual_card, tmp_path, clock, shift
):
    async with (
        LiveServer() as server,
        Room(tmp_path / "card-0"),
        Box(tmp_path, virtual_card, server.url, environment=clock, watchdog_s=4) as box,
    ):
        await box.until(lambda: box.ready and box.status.startswith("Idle"))
        for turn, jump_s in enumerate((0, 20 * YEAR_S, LONG_AGO, 0)):
            box.press()
            await box.until(lambda turn=turn: len(server.turns) > turn)
            shift(jump_s)
            box.release()
            await box.until(lambda turn=turn: server.turns[turn].complete)
            answer = server.turns[turn].answer
            await box.until(lambda answer=answer: answer in virtual_card.heard())
            await box.until(lambda: box.status.startswith("Idle"))
        jumped_at = time.monotonic()
        await box.until(lambda: box.notify.times("WATCHDOG=1", jumped_at))
    assert len(server.turns) == 4
    assert server.connections == len(box.lives) == 1


@in_loop
async def test_without_a_clock_it_says_so_and_comes_back_by_itself_once_it_is_set(
    virtual_card, tmp_path, clock, shift
):
    shift(LONG_AGO)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority, key = certificate(tmp_path)
    tls.load_cert_chain(authority, key)
    row = TABLE[Signal.CLOCK]
    environment = {**clock, "SSL_CERT_FILE": str(authority)}
    async with (
        LiveServer(tls=tls, host="localhost") as server,
        Box(tmp_path, virtual_card, server.url, environment=environment) as box,
    ):
        await box.until(lambda: box.ready and box.status.startswith("Clock not set."))
        assert box.status.endswith(row.advice)
        assert server.connections == 0
        set_at = time.monotonic()
        shift(0)
        back_at = await box.until(lambda: box.status.startswith("Idle"))
        print(f"all well {back_at - set_at:.1f} s after the clock was set")
        await box.until(lambda: any("working again" in line for line in box.lines()))
        journal = "\n".join(box.lines())
    assert row.pattern.name == "7-blink"
    assert "clock not set (the certificate is not accepted (" in journal
    assert row.advice in journal
    assert "clock not set: working again" in journal


#: What reads or depends on the wall clock.
WALL_CLOCK = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.strftime",
    "time.ctime",
    "datetime",
}


def test_no_module_reads_the_wall_clock():
    # Whether the clock is set is what the doctor asks; which day it is, calendar.py
    # tells, as a number, once it is set; and the time is what device_status shows.
    modules = {*PACKAGE.rglob("*.py")} - {*(PACKAGE / "doctor").glob("*.py")}
    modules -= {PACKAGE / "service/calendar.py", PACKAGE / "tools/builtin.py"}
    named = {path.name: wall_clock_names(path.read_text()) for path in modules}
    assert {name: what for name, what in named.items() if what} == {}
    assert wall_clock_names("import time as t\nfrom datetime import date")
    assert wall_clock_names("import time\ntime.time()")


def wall_clock_names(source: str) -> set[str]:
    """What of WALL_CLOCK a module names, however it was imported."""
    named = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            named |= {f"{node.value.id}.{node.attr}", node.value.id}
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            named |= {f"{node.module}.{name}" for name in names}
            # A length of time is no clock.
            named |= {node.module or ""} if names != {"timedelta"} else set()
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return named & WALL_CLOCK
