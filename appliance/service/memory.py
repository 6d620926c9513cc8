# SPDX-License-Identifier: MIT
"""Ends the process before it takes the Pi's memory: systemd starts another.

The unit's MemoryMax= does nothing on Raspberry Pi OS, whose kernel has no memory cgroup
unless cmdline.txt asks for it: without this, a leak would end in a Pi that swaps.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from appliance.basics.errors import ApplianceError

#: Idle it takes 51 MB, and five minutes of answer 14 MB more.
MOST_MB = 192
_LOOK_EVERY_S = 5.0
#: What is being said, waited for or heard may take so long to its end.
_SETTLE_LIMIT_S = 12.0
_STATM = Path("/proc/self/statm")


class MemoryExceeded(ApplianceError):
    """The process holds more than it ever needs: it leaks."""


async def watch_memory(settled: asyncio.Event) -> None:
    """Raises MemoryExceeded, if possible while `settled` is set; never returns.

    Without systemd nobody would start it again: then it does nothing.
    """
    while "NOTIFY_SOCKET" in os.environ:
        if (held := resident_mb()) > MOST_MB:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_LIMIT_S):
                    await settled.wait()
            raise MemoryExceeded(
                f"the service holds {held:.0f} MB of memory, and never needs more than "
                f"{MOST_MB}: it ends, and systemd starts it again"
            )
        await asyncio.sleep(_LOOK_EVERY_S)
    await asyncio.Event().wait()


def resident_mb() -> float:
    """What the process has in memory (2**20 bytes)."""
    pages = int(_STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
