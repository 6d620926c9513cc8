# SPDX-License-Identifier: MIT
"""A machine that has been cut off from power comes back, and works until it is cut."""

import board
import box
from verdict import expect, run, scenario


@scenario("READY, and nothing is broken")
def _ready() -> str:
    ready_s = box.is_ready()
    failed = run("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    expect(not failed.strip(), f"failed units: {failed.split()}")
    expect("key" not in box.situation().lower(), box.situation())
    return f"{ready_s:.1f} s"


@scenario("work until the power is cut")
def _work() -> None:
    while True:
        board.hold(0.5)
