# SPDX-License-Identifier: MIT
"""How others reach the box: its name, its address, its Wi-Fi."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path
from typing import NamedTuple

#: While it is there, the name is announced as NAME.local.
_AVAHI = Path("/run/avahi-daemon/socket")
_INTERFACES = Path("/sys/class/net")
#: For documentation only (RFC 5737): the way there is the way to everywhere.
_ELSEWHERE = ("192.0.2.1", 9)
_SIOCGIFADDR = 0x8915  # man 7 netdevice
#: NetworkManager, which Raspberry Pi OS uses, tells anybody; no option comes from
#: outside. `no`: do not look for networks first, which takes seconds.
_NMCLI = "nmcli"
_OPTIONS = ("-t", "-e", "no", "-f", "IN-USE,SIGNAL,SSID")
_QUESTION = ("device", "wifi", "list", "--rescan", "no")
_NMCLI_LIMIT_S = 3.0


class Wifi(NamedTuple):
    """A network that the box is in."""

    name: str
    #: 0 to 100.
    percent: int


def host_name() -> str:
    """As others on the local network have it."""
    name = socket.gethostname()
    return f"{name}.local" if "." not in name and _AVAHI.exists() else name


def address() -> str | None:
    """The IPv4 address that the box has towards others; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(_ELSEWHERE)  # Of a datagram socket: nothing is sent.
            return str(probe.getsockname()[0])
        # Without a way to elsewhere: a cable to one computer, say.
        for name in _cards():
            with contextlib.suppress(OSError):
                request = struct.pack("40s", name.encode()[:15])
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, request)
                return socket.inet_ntoa(answer[20:24])
    return None


def _cards() -> list[str]:
    """Interfaces of hardware: no bridges, no loopback."""
    return sorted(path.parent.name for path in _INTERFACES.glob("*/device"))


async def wifi(limit_s: float = _NMCLI_LIMIT_S) -> Wifi | None:
    """None without Wi-Fi, and where NetworkManager does not tell in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            _NMCLI,
            *_OPTIONS,
            *_QUESTION,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return in_use(said.decode(errors="replace"))


def in_use(listed: str) -> Wifi | None:
    """The network of a list, a line each, that has a star: "*:72:Home"."""
    for line in listed.splitlines():
        star, percent, name = (*line.split(":", 2), "", "")[:3]
        if star == "*" and percent.isdecimal() and name.strip():
            return Wifi(name.strip(), int(percent))
    return None
