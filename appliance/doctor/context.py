# SPDX-License-Identifier: MIT
"""What every check receives: the box, its configuration, and a person to ask."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from appliance.config.file import Config
from appliance.doctor.machine import Machine
from appliance.hardware.sound_card import AlsaCard

UNIT = "voice-appliance"
#: States of `systemctl is-active` in which the unit has a process.
_HOLDING = {"active", "activating", "deactivating", "reloading"}


@dataclass(frozen=True, slots=True)
class Context:
    """One box under examination."""

    config: Config
    machine: Machine
    card: AlsaCard
    #: The service is running, and holds the sound card and the GPIO lines.
    in_use: bool
    #: Asks the person at the box to do something.
    ask: Callable[[str], None]
    #: Replies of the service by path, so that two checks can read one.
    replies: dict[str, Any] = field(default_factory=dict)


@contextmanager
def this_box(config: Config) -> Iterator[Context]:
    """The box that this program runs on."""
    machine = Machine()
    with TemporaryDirectory(prefix="voice-appliance-") as scratch:
        # lgpio leaves a FIFO behind, and fails where it cannot (gpiozero #1106).
        os.environ.setdefault("LG_WD", scratch)
        yield Context(config, machine, AlsaCard(), service_runs(machine), _ask)


def service_runs(machine: Machine) -> bool:
    ran = machine.run(["systemctl", "is-active", UNIT])
    return ran is not None and ran.text in _HOLDING


def _ask(request: str) -> None:
    print(request, file=sys.stderr, flush=True)
