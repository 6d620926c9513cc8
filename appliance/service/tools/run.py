# SPDX-License-Identifier: MIT
"""Runs a user's program as a tool: JSON in, JSON out, and nothing it does hurts.

It gets a process group of its own, no key, a time limit, and so much to say; whatever
it does with these, the answer is a JSON object, and nothing of it runs on afterwards.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: An answer that is longer is no answer; nor is one that complains more.
MOST_BYTES = 64 * 1024
#: What of stderr the journal gets.
_MOST_LINES = 20
_LONGEST_LINE = 300
_END_LIMIT_S = 2.0
#: All that a tool sees of the service's environment: neither key nor credentials.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")

log = logging.getLogger(__name__)


class ToolFailed(Exception):
    """It gave no answer; the text says why, for the journal and for the service."""


async def run(
    command: Sequence[str], arguments: bytes, *, name: str, time_limit_s: float
) -> bytes:
    """What `command` answers to `arguments` (JSON objects, both).

    Raises:
        ToolFailed: it cannot be started, fails, says too much, or takes too long.
    """
    try:
        transport, process = await _start(command)
    except OSError as error:
        raise ToolFailed(f"cannot be started: {error.strerror}") from None
    _offer_to_the_oom_killer(process.pid)
    try:
        async with asyncio.timeout(time_limit_s):
            said = await _converse(process, arguments, name)
    except TimeoutError:
        raise ToolFailed(f"no answer in {time_limit_s:g} s") from None
    finally:
        await _end(process)
        # A child that left the group may still hold the other ends.
        transport.close()
    return _answer(said)


async def _start(
    command: Sequence[str],
) -> tuple[asyncio.SubprocessTransport, asyncio.subprocess.Process]:
    """As create_subprocess_exec, which keeps its transport to itself."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=MOST_BYTES, loop=loop),
        *command,
        env={k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
        start_new_session=True,
    )
    return transport, asyncio.subprocess.Process(transport, protocol, loop)


async def _converse(
    process: asyncio.subprocess.Process, arguments: bytes, name: str
) -> bytes:
    """What it says on stdout until it ends well."""
    assert process.stdin
    assert process.stdout
    assert process.stderr
    failure: ToolFailed | None = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_feed(process.stdin, arguments))
            answer = group.create_task(_read(process.stdout, "answers with"))
            complaint = group.create_task(_read(process.stderr, "complains in"))
    except* ToolFailed as failures:
        failure = next(f for f in failures.exceptions if isinstance(f, ToolFailed))
    if failure:
        raise failure
    code = await process.wait()
    _log_complaint(complaint.result(), name)
    if code:
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        raise ToolFailed(how)
    return answer.result()


async def _feed(stdin: asyncio.StreamWriter, arguments: bytes) -> None:
    # Who does not care for arguments need not read them.
    with contextlib.suppress(ConnectionError):
        stdin.write(arguments)
        await stdin.drain()
    stdin.close()


async def _read(stream: asyncio.StreamReader, how: str) -> bytes:
    said = b""
    while more := await stream.read(MOST_BYTES):
        said += more
        if len(said) > MOST_BYTES:
            raise ToolFailed(f"{how} more than {MOST_BYTES // 1024} KiB")
    return said


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it runs on, whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # One that hangs in the kernel is left behind.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_LIMIT_S):
            await process.wait()


def _answer(said: bytes) -> bytes:
    """A JSON object in any case: anything else that is JSON is its `result`."""
    if not said.strip():
        return b'{"result":"done"}'
    try:
        value = json.loads(said, parse_constant=_no_number)
        if not isinstance(value, dict):
            value = {"result": value}
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        raise ToolFailed("its answer is not JSON") from None


def _no_number(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _log_complaint(said: bytes, name: str) -> None:
    lines = said.decode(errors="replace").splitlines()
    for line in lines[:_MOST_LINES]:
        log.warning("tool %s: %s", name, line[:_LONGEST_LINE])
    if len(lines) > _MOST_LINES:
        log.warning("tool %s: and %d lines more", name, len(lines) - _MOST_LINES)


def _offer_to_the_oom_killer(pid: int) -> None:
    """Where memory is short it is the tool that goes, not the box (man proc)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
