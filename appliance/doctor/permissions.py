# SPDX-License-Identifier: MIT
"""Whether the groups of the service may open the devices: the doctor runs as root,
which may open anything."""

import stat
from dataclasses import dataclass

from appliance.doctor.context import Context
from appliance.doctor.machine import Machine
from appliance.doctor.result import Result, fail, ok, skip

#: Group -> where its device nodes are.
_NODES = {"audio": "dev/snd/*", "gpio": "dev/gpiochip*"}
_TRIGGER = "sudo udevadm control --reload; sudo udevadm trigger -s gpio -s sound"


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
