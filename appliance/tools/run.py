# SPDX-License-Identifier: MIT
"""Runs a user's program as a tool: JSON in, JSON out.

It gets a process group of its own, no key, a time limit, and limits on its output, on
the memory of each of its processes and on the size of its files. Whatever it does with
these, the answer is a JSON object. When the program has ended, its group is killed; a
child that left the group (setsid) runs on.
"""

import asyncio
import contextlib
import errno
import json
import logging
import math
import os
import shutil
import signal
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance.basics.excerpt import one_line
from appliance.core.message_ids import TOOL_ID

#: Of its answer, and of what it writes to stderr.
MOST_BYTES = 64 * 1024
#: Of stderr in the journal: the last lines say why.
_MOST_LINES = 20
#: The service refuses what is nested deeper than its parser likes.
_MOST_LEVELS = 50
_END_LIMIT_S = 2.0
#: A child that left the group may hold the pipes: what the program wrote is in them.
_LAST_READ_S = 0.2
#: Each of its processes (man setrlimit): a box may have half a GB, and the kernel of
#: Raspberry Pi OS does not enforce MemoryMax=.
_LIMITS = ("--data=134217728", "--fsize=16777216", "--nofile=256", "--core=0")
#: All that a tool sees of the service's environment: neither key nor credentials.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")

log = logging.getLogger(__name__)


class ToolFailed(Exception):
    """There is no answer; the text says why, for the journal and for the service."""

    #: The last line of its stderr, for the journal only.
    last_words = ""


async def run(
    command: Sequence[str], arguments: bytes, *, name: str, time_limit_s: float
) -> bytes:
    """The answer of `command` to `arguments`, both JSON objects.

    Raises:
        ToolFailed: it cannot be started, fails, writes too much, or takes too long.
    """
    complaint = bytearray()
    try:
        return _answer(await _said(command, arguments, time_limit_s, complaint))
    except ToolFailed as failure:
        failure.last_words = next(reversed(_lines(complaint)), "")
        raise
    finally:
        _log_complaint(_lines(complaint), name)


async def _said(
    command: Sequence[str], arguments: bytes, time_limit_s: float, complaint: bytearray
) -> bytes:
    """Its stdout; its stderr is in `complaint`, however it ends."""
    try:
        _look_for(command[0])
        transport, process, ended = await _start(command)
    except OSError as error:
        raise ToolFailed(f"cannot be started: {error.strerror}") from None
    _offer_to_the_oom_killer(process.pid)
    try:
        async with asyncio.timeout(time_limit_s):
            return await _converse(process, ended, arguments, complaint)
    except TimeoutError:
        raise ToolFailed(f"no answer in {time_limit_s:g} s") from None
    finally:
        await _end(process)
        # A child that left the group may still hold the other ends.
        transport.close()


class _Protocol(SubprocessStreamProtocol):
    """Knows when the program has ended; `Process.wait` may wait for its pipes, too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=MOST_BYTES, loop=loop)
        self.ended = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.ended.set()


def _look_for(program: str) -> None:
    """Raises OSError: it cannot be executed. prlimit would say so in words of its own,
    and only to the journal."""
    if not shutil.which(program):
        missing = not os.path.exists(program)
        code = errno.ENOENT if missing else errno.EACCES
        raise OSError(code, os.strerror(code))


async def _start(
    command: Sequence[str],
) -> tuple[asyncio.SubprocessTransport, asyncio.subprocess.Process, asyncio.Event]:
    """As create_subprocess_exec, which hides its transport; and the program's end."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: _Protocol(loop),
        "prlimit",
        *_LIMITS,
        "--",
        *command,
        env={k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
        start_new_session=True,
    )
    process = asyncio.subprocess.Process(transport, protocol, loop)
    return transport, process, protocol.ended


async def _converse(
    process: asyncio.subprocess.Process,
    ended: asyncio.Event,
    arguments: bytes,
    complaint: bytearray,
) -> bytes:
    """Its stdout until the program ends, with exit code 0."""
    assert process.stdin
    assert process.stdout
    assert process.stderr
    answer = bytearray()
    failure: ToolFailed | None = None
    try:
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(_feed(process.stdin, arguments))
            reading = (
                group.create_task(_read(process.stdout, answer, "answers with")),
                group.create_task(_read(process.stderr, complaint, "complains in")),
            )
            await ended.wait()
            _kill_group(process.pid)
            await asyncio.wait(reading, timeout=_LAST_READ_S)
            for task in (feeding, *reading):
                task.cancel()
    except* ToolFailed as failures:
        failure = next(f for f in failures.exceptions if isinstance(f, ToolFailed))
    if failure:
        raise failure
    code = process.returncode
    if code:
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        raise ToolFailed(how)
    return bytes(answer)


async def _feed(stdin: asyncio.StreamWriter, arguments: bytes) -> None:
    # A program that needs no arguments need not read them.
    with contextlib.suppress(ConnectionError):
        stdin.write(arguments)
        await stdin.drain()
    stdin.close()


async def _read(stream: asyncio.StreamReader, said: bytearray, how: str) -> None:
    while more := await stream.read(MOST_BYTES):
        said += more
        if len(said) > MOST_BYTES:
            raise ToolFailed(f"{how} more than {MOST_BYTES // 1024} KiB")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the program and its group."""
    _kill_group(process.pid)
    # A process that hangs in the kernel is left behind.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_LIMIT_S):
            await process.wait()


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _answer(said: bytes) -> bytes:
    """A JSON object; any other JSON value becomes its `result`."""
    if not said.strip():
        return b'{"result":"done"}'
    try:
        value = json.loads(said, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ToolFailed("its answer is not JSON") from None
    if wrong := _wrong(value):
        raise ToolFailed(f"its answer has {wrong}")
    if not isinstance(value, dict):
        value = {"result": value}
    return json.dumps(value).encode()


def _no_number(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _wrong(value: Any, levels: int = _MOST_LEVELS) -> str:
    """What Python's parser accepts and others refuse; "" if nothing is wrong."""
    if not levels:
        return f"more than {_MOST_LEVELS} levels"
    match value:
        case dict():
            parts = [*value.keys(), *value.values()]
        case list():
            parts = value
        case str() if any("\ud800" <= c <= "\udfff" for c in value):
            return "a lone surrogate: half a character"
        case int() if abs(value) >= 2**63:
            return "a whole number beyond 64 bits"
        case float() if not math.isfinite(value):
            return "a number without end"
        case _:
            return ""
    return next((w for part in parts if (w := _wrong(part, levels - 1))), "")


def _lines(complaint: bytearray) -> list[str]:
    """Its lines, without the colours of a terminal and without empty ones."""
    lines = complaint.decode(errors="replace").splitlines()
    return [shown for line in lines if (shown := one_line(line))]


def _log_complaint(lines: Sequence[str], name: str) -> None:
    fields = {"MESSAGE_ID": TOOL_ID, "TOOL": name}
    if left_out := len(lines[:-_MOST_LINES]):
        log.warning("tool %s: %d lines, and then", name, left_out, extra=fields)
    for line in lines[-_MOST_LINES:]:
        log.warning("tool %s: %s", name, line, extra=fields)


def _offer_to_the_oom_killer(pid: int) -> None:
    """Where memory is short, the kernel ends the tool, not the box (man proc)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
