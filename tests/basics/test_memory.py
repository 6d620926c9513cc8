# SPDX-License-Identifier: MIT
"""The memory of the service is closed to the programs that it starts."""

import os
import subprocess
import sys

#: Reads a byte of the memory of the process that started it.
_SPY = """
import os, sys
parent = f"/proc/{os.getppid()}"
with open(f"{parent}/maps") as maps:
    first = int(maps.readline().split("-")[0], 16)
with open(f"{parent}/mem", "rb") as memory:
    memory.seek(first)
    print(len(memory.read(1)))
"""
_PARENT = """
import subprocess, sys
from appliance.basics import memory
if "hide" in sys.argv:
    memory.hide()
command = [sys.executable, "-c", sys.argv[1]]
spy = subprocess.run(command, capture_output=True, text=True)
print(spy.stdout + spy.stderr)
"""


def spied(*arguments: str) -> str:
    """What the child of a process without capabilities has read, or why not."""
    # With its capabilities root reads everything.
    under = ["setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    command = [*under, sys.executable, "-c", _PARENT, _SPY, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout


def test_a_child_of_the_same_user_cannot_read_the_memory_of_a_service():
    assert "PermissionError" in spied("hide")


def test_otherwise_it_could():
    assert spied().strip() == "1"
