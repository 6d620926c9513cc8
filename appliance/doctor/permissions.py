# SPDX-License-Identifier: MIT
"""The user that the service runs as, and the devices that its groups open."""

import stat
from dataclasses import dataclass

from appliance.doctor.context import UNIT, Context
from appliance.doctor.machine import Machine
from appliance.doctor.result import Result, fail, ok, skip

_USER = "voice-appliance"
#: Group -> where its device nodes are.
_NODES = {"audio": "dev/snd/*", "gpio": "dev/gpiochip*"}
_UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_TRIGGER = "sudo udevadm control --reload; sudo udevadm trigger -s gpio -s sound"


async def examine_user(context: Context) -> Result:
    machine = context.machine
    installed = any(machine.find(f"{place}/{UNIT}.service") for place in _UNITS)
    lines = (machine.read("etc/passwd") or "").splitlines()
    users = {line.partition(":")[0] for line in lines}
    return judge_user(installed, _USER in users, set(_groups(machine).values()))


def judge_user(installed: bool, user: bool, groups: set[str]) -> Result:
    """systemd fails with 217/USER and 216/GROUP on what is not there."""
    if not installed:
        return skip(f"the unit {UNIT}.service is not installed")
    missing = sorted(set(_NODES) - groups)
    if missing:
        names = " and ".join(missing)
        mend = "; ".join(f"sudo groupadd --system {name}" for name in missing)
        return fail(f"there is no group {names}", mend)
    if not user:
        return fail(
            f"there is no user {_USER}",
            f"sudo useradd --system --groups {','.join(_NODES)} {_USER}",
        )
    return ok(f"user {_USER}, groups {', '.join(_NODES)}")


@dataclass(frozen=True, slots=True)
class Node:
    """A file below /dev: its group, and whether that may read and write it."""

    path: str
    group: str
    opens: bool


async def examine_devices(context: Context) -> Result:
    groups = _groups(context.machine)
    return judge_devices(
        {name: _nodes(context.machine, at, groups) for name, at in _NODES.items()}
    )


def judge_devices(nodes: dict[str, list[Node]]) -> Result:
    """`nodes`: those that each group is to open."""
    shut = [
        node.path
        for group, of_group in nodes.items()
        for node in of_group
        if node.group != group or not node.opens
    ]
    if shut:
        return fail(f"not for groups audio and gpio: {', '.join(shut)}", _TRIGGER)
    missing = [_NODES[group] for group, of_group in nodes.items() if not of_group]
    if missing:
        return skip(f"there is no /{' and no /'.join(missing)}")
    return ok(f"{sum(map(len, nodes.values()))} devices are open to audio and gpio")


def _nodes(machine: Machine, pattern: str, groups: dict[int, str]) -> list[Node]:
    return [
        Node(
            f"/{path.relative_to(machine.root)}",
            groups.get(status.st_gid, str(status.st_gid)),
            status.st_mode & 0o060 == 0o060,
        )
        for path in machine.find(pattern)
        if not stat.S_ISDIR((status := path.stat()).st_mode)
    ]


def _groups(machine: Machine) -> dict[int, str]:
    """The names of the groups, by number (man 5 group)."""
    lines = (machine.read("etc/group") or "").splitlines()
    fields = (line.split(":") for line in lines if line.count(":") >= 3)
    return {int(number): name for name, _, number, *_ in fields}
