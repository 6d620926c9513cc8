# SPDX-License-Identifier: MIT
"""The appliance as its owner sees it: systemctl, its journal, its two files."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verdict import run, until

from appliance.core.signals import TABLE, Signal

UNIT = "voice-appliance.service"
CONFIG = Path("/etc/voice-appliance/config.toml")
KEY = Path("/etc/credstore.encrypted/gemini-api-key")
#: Each look is a process of its own, and takes time from the box.
_LOOK_S = 0.25


def shows(name: str) -> str:
    """A property of the unit, see `systemctl show`."""
    return run("systemctl", "show", "--property", name, "--value", UNIT).strip()


def situation() -> str:
    """What `systemctl status` says first: a situation of the signals' table."""
    return shows("StatusText")


def shows_signal(signal: Signal, limit_s: float = 30.0) -> None:
    """Wait until the status is the sentence of `signal`."""
    wanted = TABLE[signal].situation.lower()
    what = f"status: {wanted}"
    until(
        lambda: situation().lower().startswith(wanted), what, limit_s, every_s=_LOOK_S
    )


def is_ready(limit_s: float = 60.0) -> float:
    """Wait for READY=1; returns the seconds from the kernel's start to it."""
    # Seldom: looking is work for a machine that is busy booting.
    until(lambda: shows("ActiveState") == "active", "it is READY", limit_s, every_s=0.5)
    return int(shows("ActiveEnterTimestampMonotonic")) / 1e6


def main_pid() -> int:
    return int(shows("MainPID"))


def restarts() -> int:
    return int(shows("NRestarts"))


def restart() -> None:
    run("systemctl", "restart", UNIT)


def configure(section: str, **values: object) -> None:
    """Write a configuration of one section, and restart the service with it."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    CONFIG.write_text("\n".join([f"[{section}]", *lines, ""]))
    restart()


def give_key(key: str) -> None:
    """Put this key where systemd looks for it, and restart the service."""
    seal(key)
    restart()


def seal(key: str) -> None:
    command = ["systemd-creds", "encrypt", f"--name={KEY.name}", "-", str(KEY)]
    subprocess.run(command, input=key.encode(), check=True)


def key() -> str:
    """The key that systemd would hand to the service; "" if there is none."""
    if not KEY.exists():
        return ""
    return run("systemd-creds", "decrypt", f"--name={KEY.name}", KEY, "-").strip()


class Journal:
    """What the service has written `since` then (seconds of the epoch), or now."""

    def __init__(self, since: float | None = None) -> None:
        self._since = time.time() if since is None else since

    def entries(self, message_id: str) -> list[dict[str, Any]]:
        # --boot: in 1970, all that others wrote onto this disk would be new.
        since = f"--since=@{self._since:.6f}"
        command = ["journalctl", "--boot", "--output=json", since]
        lines = run(*command, f"--unit={UNIT}", f"MESSAGE_ID={message_id}")
        return [json.loads(line) for line in lines.splitlines()]

    def wait(self, message_id: str, limit_s: float = 30.0) -> dict[str, Any]:
        """The newest entry with this MESSAGE_ID, as soon as there is one."""
        return until(
            lambda: self.entries(message_id),
            f"a journal entry with MESSAGE_ID={message_id}",
            limit_s,
            every_s=_LOOK_S,
        )[-1]

    def tells(self, signal: Signal, limit_s: float = 30.0) -> str:
        """The text of the entry of `signal`, as soon as there is one."""
        text: str = self.wait(TABLE[signal].message_id, limit_s)["MESSAGE"]
        return text


@contextmanager
def hosts(*names: str) -> Iterator[None]:
    """Let these names resolve to this machine meanwhile."""
    path = Path("/etc/hosts")
    before = path.read_text()
    path.write_text(before + "".join(f"127.0.0.1 {name}\n" for name in names))
    try:
        yield
    finally:
        path.write_text(before)
