# SPDX-License-Identifier: MIT
"""A link whose packets are silently gone, for real: three network namespaces."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.cell import run
from tests.faults.promise import Kind, Outcome, Phase
from tests.faults.row import Row
from tests.faults.stage import Place, Stage

#: Of a network for documentation (RFC 5737): nobody else uses it.
SERVICE, ROUTER_OUTSIDE = "198.51.100.1", "198.51.100.2"
BOX, ROUTER_INSIDE = "198.51.100.6", "198.51.100.5"


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True)


@contextmanager
def router() -> Iterator[tuple[str, str]]:
    """The names of two namespaces: the box's, and that of the router before it."""
    box, between = f"box-{os.getpid()}", f"router-{os.getpid()}"
    outside, inside = f"vo{os.getpid()}", f"vi{os.getpid()}"
    with ExitStack() as stack:
        for name in (box, between):
            ip(f"netns add {name}")
            stack.callback(ip, f"netns del {name}")
        ip(f"link add {outside} type veth peer name out netns {between}")
        ip(f"link add {inside} netns {between} type veth peer name in netns {box}")
        ip(f"addr add {SERVICE}/30 dev {outside}")
        ip(f"link set {outside} up")
        ip(f"-n {between} addr add {ROUTER_OUTSIDE}/30 dev out")
        ip(f"-n {between} addr add {ROUTER_INSIDE}/30 dev {inside}")
        ip(f"-n {box} addr add {BOX}/30 dev in")
        for name, device in ((between, "out"), (between, inside), (box, "in")):
            ip(f"-n {name} link set {device} up")
        ip(f"-n {box} link set lo up")
        ip(f"-n {box} route add default via {ROUTER_INSIDE}")
        ip(f"route add {BOX}/32 via {ROUTER_OUTSIDE}")
        forward(between, passes=True)
        yield box, between


def forward(namespace: str, *, passes: bool) -> None:
    """A router that does not forward drops what it gets, and tells nobody."""
    setting = f"echo {int(passes)} > /proc/sys/net/ipv4/ip_forward"
    ip_exec = ["ip", "netns", "exec", namespace, "sh", "-c", setting]
    subprocess.run(ip_exec, check=True, capture_output=True)


@pytest.fixture
def namespaces():
    try:
        with router() as names:
            yield names
    except FileNotFoundError:
        pytest.skip("iproute2 is not installed")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr}")


def test_what_was_said_into_a_network_that_swallows_all_packets_is_answered_later(
    namespaces, tmp_path: Path, plugin_cache: Path
):
    box, between = namespaces

    async def swallow(stage: Stage) -> None:
        forward(between, passes=False)

    async def let_pass(stage: Stage) -> None:
        forward(between, passes=True)

    row = Row(
        *("packets gone", Kind.LINK_DEAF, swallow, let_pass),
        lasts_s=4.5,
        changes={"turns": {"delivery_limit_s": 20.0}},
        tls=True,
    )
    place = Place(("ip", "netns", "exec", box), SERVICE)
    cell = asyncio.run(run(row, Phase.MID_HOLD, tmp_path / "c", plugin_cache, place))
    assert not cell.complaints, cell.record
    assert cell.outcome is Outcome.ANSWERED
