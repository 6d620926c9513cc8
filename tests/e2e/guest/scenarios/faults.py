# SPDX-License-Identifier: MIT
"""What goes wrong while the box runs, and how it comes back by itself."""

import os
import signal
import subprocess
import time
from pathlib import Path

import board
import box
import sound
import turns
from live import API_KEY, NAME, live_service
from verdict import expect, run, scenario, until

from appliance.core.signals import Signal


@scenario("no network at boot: 1 blink; then there is one: it answers")
def _offline() -> str:
    box.is_ready()
    box.shows_signal(Signal.NETWORK)
    board.glows(lambda course: board.blinks(course) == 1, "1 blink", 5)
    with live_service(), box.hosts(NAME):
        began = time.monotonic()
        box.shows_signal(Signal.IDLE, limit_s=60)
        seconds = time.monotonic() - began
        turns.answers()
    return f"idle {seconds:.1f} s after the network came"


@scenario("a wrong key: 2 blinks; the right one: it answers")
def _wrong_key() -> None:
    journal = box.Journal()
    with live_service(), box.hosts(NAME):
        box.give_key("not-the-key")
        journal.tells(Signal.KEY)
        board.glows(lambda course: board.blinks(course) == 2, "2 blinks", 5)
        box.give_key(API_KEY)
        turns.answers()


@scenario("a key of another machine: 2 blinks; one of this machine: it answers")
def _foreign_key() -> None:
    journal = box.Journal()
    box.KEY.write_text("QW5vdGhlciBtYWNoaW5lJ3M=\n")
    box.restart()
    expect("there is none" in journal.tells(Signal.KEY), "it is not missed")
    board.glows(lambda course: board.blinks(course) == 2, "2 blinks", 5)
    aside = box.KEY.with_name(f"{box.KEY.name}.undecryptable")
    expect(aside.exists(), "it was not set aside")
    with live_service(), box.hosts(NAME):
        box.give_key(API_KEY)
        turns.answers()


@scenario("SIGSTOP: systemd's watchdog kills it, and it is READY again")
def _stopped() -> str:
    began, before = time.monotonic(), box.restarts()
    os.kill(box.main_pid(), signal.SIGSTOP)
    until(lambda: box.restarts() > before, "a restart", 60)
    killed_s = time.monotonic() - began
    box.is_ready()
    return (
        f"restart after {killed_s:.1f} s, READY after {time.monotonic() - began:.1f} s"
    )


@scenario("SIGKILL: READY again")
def _killed() -> str:
    began, before = time.monotonic(), box.restarts()
    os.kill(box.main_pid(), signal.SIGKILL)
    until(lambda: box.restarts() > before, "a restart", 60)
    box.is_ready()
    return f"after {time.monotonic() - began:.1f} s"


@scenario("systemctl stop in the middle of a turn")
def _stop() -> str:
    with live_service() as live, box.hosts(NAME):
        box.restart()
        box.shows_signal(Signal.IDLE)
        board.press()
        sound.say(sound.noise(0.6))
        until(lambda: live.turns, "a turn")
        began = time.monotonic()
        run("systemctl", "stop", box.UNIT)
        seconds = time.monotonic() - began
        board.release()
        expect(live.turns[0].closed_at is not None, "the turn was left open")
    expect(box.shows("Result") == "success", f"result: {box.shows('Result')}")
    box.restart()
    expect(seconds < 4, f"it took {seconds:.1f} s")
    return f"{seconds:.1f} s"


@scenario("a wrong configuration: exit 78 and no restart; mended: READY")
def _configuration() -> str:
    good = box.CONFIG.read_text()
    box.CONFIG.write_text('[speaker]\nvolume = "loud"\n')
    subprocess.run(["systemctl", "restart", box.UNIT], capture_output=True)
    box.CONFIG.write_text(good)
    seen = box.shows("ActiveState"), box.shows("ExecMainStatus")
    expect(seen == ("failed", "78"), f"it is {seen}")
    box.restart()
    box.is_ready()
    return "failed, 78"


@scenario("the card is busy at the start: it says so, waits, and is READY")
def _busy() -> str:
    run("systemctl", "stop", box.UNIT)
    journal = box.Journal()
    # On the box's own side of the card.
    arecord = subprocess.Popen(
        ["arecord", "--quiet", "--device=plughw:Loopback,0,0", "/dev/null"]
    )
    try:
        run("systemctl", "start", "--no-block", box.UNIT)
        text = journal.tells(Signal.MICROPHONE)
        board.glows(lambda course: board.blinks(course) == 5, "5 blinks", 7)
        expect(box.shows("ActiveState") == "activating", "it claims to be ready")
    finally:
        arecord.terminate()
        arecord.wait()
    began = time.monotonic()
    box.is_ready()
    return f"READY {time.monotonic() - began:.1f} s after it was free; {text}"


@scenario("the card is unplugged, and plugged in again: it answers")
def _unplugged() -> str:
    box.is_ready()
    journal, pid = box.Journal(), box.main_pid()
    unplugging = subprocess.Popen(["board", "no-card"])
    journal.tells(Signal.MICROPHONE)
    unplugging.wait()
    board.fit("card")
    began = time.monotonic()
    with live_service(), box.hosts(NAME):
        box.shows_signal(Signal.IDLE, limit_s=60)
        seconds = time.monotonic() - began
        turns.answers()
    same = "in the same process" if box.main_pid() == pid else "by a restart"
    return f"idle {seconds:.1f} s after it was back, {same}"


@scenario("journald is restarted: the box does not care, and goes on writing")
def _journald() -> None:
    pid = box.main_pid()
    run("systemctl", "restart", "systemd-journald.service")
    with live_service(), box.hosts(NAME):
        turns.answers()
    expect(box.main_pid() == pid, "it was restarted, too")


@scenario("the disk is full: it starts, and answers")
def _full() -> None:
    filler = Path("/var/filler")
    try:
        with filler.open("wb") as file, live_service(), box.hosts(NAME):
            _fill(file.fileno())
            box.restart()
            turns.answers(in_the_journal=False)
    finally:
        filler.unlink()


@scenario("the root goes read-only, as after an error: it starts, and answers")
def _read_only() -> None:
    with live_service(), box.hosts(NAME):
        board.make_root_read_only()
        try:
            box.restart()
            turns.answers(in_the_journal=False)
        finally:
            run("mount", "-o", "remount,rw", "/")


def _fill(file: int) -> None:
    """Write until the disk has no room for one more block."""
    for size in (1 << 24, 1 << 16, 1 << 12):
        try:
            while True:
                os.posix_fallocate(file, os.fstat(file).st_size, size)
        except OSError:
            continue
