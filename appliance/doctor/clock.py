# SPDX-License-Identifier: MIT
"""The clock: a Pi starts without one, and certificates need the date."""

import time
from datetime import UTC, datetime

from appliance.core.signals import Fault
from appliance.doctor.context import Context
from appliance.doctor.result import Figures, Result, link_failure, ok, skip

#: The date of this line: an earlier clock is wrong.
_NOT_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


async def examine_clock(context: Context) -> Result:
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    ran = context.machine.run(command)
    known = ran is not None and ran.text in ("yes", "no")
    return judge_clock(
        datetime.fromtimestamp(time.time(), UTC),
        ran.text == "yes" if ran and known else None,
    )


def judge_clock(now: datetime, synchronised: bool | None) -> Result:
    """`synchronised`: with network time; None if unknown."""
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    figures: Figures = {"now": now.isoformat(), "synchronised": synchronised}
    if now < _NOT_BEFORE:
        return link_failure(f"{text}: in the past", Fault.CLOCK, **figures)
    if synchronised is None:
        return skip(f"{text}; timedatectl does not say whether it is right", **figures)
    if not synchronised:
        text += ", not synchronised with the network time"
        return link_failure(text, Fault.CLOCK, **figures)
    return ok(f"{text}, synchronised", **figures)
