# SPDX-License-Identifier: MIT
"""The space bar as talk button, on a real terminal."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import termios
from contextlib import contextmanager

import pytest

from appliance.core.talk_mode import TalkMode
from appliance.demo.keyboard import SpaceBar, keys
from appliance.demo.script import TAP, Act

#: Index into what tcgetattr returns.
LOCAL_MODES = 3


@contextmanager
def terminal():
    """What a person types into, and what the program reads from."""
    person, program = pty.openpty()
    with open(program, closefd=False) as source:
        yield person, source
    os.close(person)
    os.close(program)


def is_unbuffered(source) -> bool:
    return not termios.tcgetattr(source)[LOCAL_MODES] & (termios.ICANON | termios.ECHO)


async def unbuffered(source) -> None:
    async with asyncio.timeout(10):
        while not is_unbuffered(source):
            await asyncio.sleep(0)


def typed(*strokes: bytes, mode: TalkMode = TalkMode.HOLD) -> list[Act]:
    """What the strokes do, each typed once the one before has had its effect."""

    async def type_all() -> list[Act]:
        done = []
        with terminal() as (person, source):
            stream = keys(source, mode)
            for stroke in strokes:
                act = asyncio.ensure_future(anext(stream))
                await unbuffered(source)
                os.write(person, stroke)
                done.append(await asyncio.wait_for(act, 10))
            await stream.aclose()
        return done

    return asyncio.run(type_all())


def test_space_presses_and_space_again_releases():
    assert typed(b" ", b" ", b" ") == [Act.PRESS, Act.RELEASE, Act.PRESS]


@pytest.mark.parametrize("mode", [TalkMode.TOGGLE, TalkMode.HANDS_FREE])
def test_where_only_a_press_counts_each_space_is_one(mode):
    assert typed(b" ", b"x", mode=mode) == [Act.PRESS, Act.RELEASE]


def test_where_only_a_press_counts_repetitions_of_a_held_key_are_none():
    space = SpaceBar(TalkMode.TOGGLE)
    strokes = [space.stroke(now) for now in (10.0, 10.03, 10.06, 10.3)]
    assert strokes == [TAP, [], [], TAP]
    assert space.deadline is None


def test_t_taps():
    assert typed(b"t", b"x") == [Act.PRESS, Act.RELEASE]


@pytest.mark.parametrize("key", [b"q", b"\x04"])
def test_q_and_the_end_of_input_quit(key):
    assert typed(key) == [Act.QUIT]


def test_the_terminal_is_left_as_it_was():
    async def visit() -> bool:
        with terminal() as (person, source):
            before = termios.tcgetattr(source)
            os.write(person, b"q")
            assert [act async for act in keys(source, TalkMode.HOLD)] == [Act.QUIT]
            return termios.tcgetattr(source) == before

    assert asyncio.run(visit())


def test_the_keys_work_after_the_demo_was_stopped_and_goes_on():
    async def come_back() -> Act:
        with terminal() as (person, source):
            before = termios.tcgetattr(source)
            stream = keys(source, TalkMode.HOLD)
            act = asyncio.ensure_future(anext(stream))
            await unbuffered(source)
            termios.tcsetattr(source, termios.TCSANOW, before)
            os.kill(os.getpid(), signal.SIGCONT)
            await unbuffered(source)
            os.write(person, b" ")
            done = await asyncio.wait_for(act, 10)
            await stream.aclose()
            assert termios.tcgetattr(source) == before
            return done

    assert asyncio.run(come_back()) is Act.PRESS


def test_in_the_background_the_terminal_is_left_alone():
    """A session of its own, with a job in the background, as a shell has them."""
    program = """
import fcntl, os, sys, termios
from appliance.demo.keyboard import _unbuffered
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if job := os.fork():
    print("stopped" if os.WIFSTOPPED(os.waitpid(job, os.WUNTRACED)[1]) else "ended")
else:
    os.setpgid(0, 0)
    with _unbuffered(sys.stdin):
        os._exit(0)
"""
    with terminal() as (_, source):
        ended = subprocess.run(
            [sys.executable, "-c", program],
            stdin=source,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
    assert ended.stdout == "ended\n"


def test_a_held_key_releases_when_its_repetitions_stop():
    space = SpaceBar(TalkMode.HOLD)
    assert space.stroke(10.0) == [Act.PRESS]
    assert space.deadline is None
    for now in (10.5, 10.53, 10.56):
        assert space.stroke(now) == []
    assert space.deadline == pytest.approx(10.68)
    assert space.settle() == [Act.RELEASE]
    assert space.deadline is None
    assert space.stroke(11.0) == [Act.PRESS]
