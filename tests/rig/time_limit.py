# SPDX-License-Identifier: MIT
"""No test hangs the suite: past its limit it fails, and says where everything stood.

The one limit is pytest's `faulthandler_timeout`; at that instant pytest itself ends the
process with a dump. This plugin comes _EARLIER_S before: an alarm interrupts what the
main thread waits for, so that the test fails alone and cleans up after itself. The
alarm repeats, for a clean-up that hangs, too.

pytest-timeout was no alternative: its signal fires once, and it knows neither the tasks
of an event loop nor the processes that a test has started.
"""

import asyncio
import faulthandler
import io
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_EARLIER_S = 30.0
_AGAIN_S = 10.0
#: How long threads may live on when all tests are done.
_EXIT_S = 30.0
#: Where so many hang, the product does: the rest of the suite is not run.
_MOST = 3

_hung = pytest.StashKey[list[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """A module that hangs while it is imported ends the session."""
    with _limited(session.config, pytest.exit):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Fixtures count as part of the test."""
    hung = item.session.stash.setdefault(_hung, [])

    def fail(reason: str) -> None:
        if hung[-1:] != [item.nodeid]:
            hung.append(item.nodeid)
        if len(hung) >= _MOST:
            item.session.shouldstop = f"{len(hung)} tests hung: {', '.join(hung)}"
        pytest.fail(reason, pytrace=False)

    with _limited(item.config, fail):
        return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """A thread that never ends would keep Python from exiting. A worker of xdist waits
    for the others, and is ended by the controller."""
    if not hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(_EXIT_S, exit=True)


@contextmanager
def _limited(config: pytest.Config, end: Callable[[str], Any]) -> Iterator[None]:
    """Call `end` in the main thread, again and again, once the limit has passed."""
    limit_s = float(config.getini("faulthandler_timeout")) - _EARLIER_S
    if limit_s <= 0:
        yield
        return

    def ring(*_: object) -> None:
        end(f"not done after {limit_s:g} s\n\n{_standing()}")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _standing() -> str:
    """Where each task and thread is, and which processes are still running."""
    said = io.StringIO()
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # No loop is running.
        tasks = set()
    for task in tasks:
        task.print_stack(limit=8, file=said)
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        said.writelines(line for line in file if not _is_pytest(line))
    for children in Path("/proc/self/task").glob("*/children"):
        if pids := children.read_text().split():
            command = ["ps", "-ww", "-o", "pid,stat,wchan:20,etimes,args", *pids]
            said.write(subprocess.run(command, capture_output=True, text=True).stdout)
    return said.getvalue()


def _is_pytest(line: str) -> bool:
    return "/site-packages/_pytest/" in line or "/site-packages/pluggy/" in line
