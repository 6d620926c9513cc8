# SPDX-License-Identifier: MIT
"""Runs the checks one after the other, and writes a line for each."""

import json
import sys
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, replace

from appliance.basics.excerpt import LONGEST_TEXT, one_line
from appliance.basics.streams import write
from appliance.core.signals import TABLE
from appliance.doctor.checks import CHECKS, Check
from appliance.doctor.context import UNIT, Context
from appliance.doctor.result import Result, Verdict, consequence, skip

_NAME_WIDTH = max(len(check.name) for check in CHECKS)


async def examine(context: Context, sections: Container[str], *, as_json: bool) -> bool:
    """Whether nothing failed; prints a line for each check.

    `sections`: those to be examined; empty: all. Raises as `write`.
    """
    count: Counter[Verdict] = Counter()
    failed: list[_Failure] = []
    for check in CHECKS:
        if sections and check.section not in sections:
            continue
        result = await _findings_of(check, context)
        if result.verdict is Verdict.FAIL:
            cause = _cause(check, result, failed)
            failed.append(_Failure(check.name, result.mend, cause or check.name))
            result = consequence(result, cause) if cause else result
        count[result.verdict] += 1
        shown = _for_people(result)
        write((as_object if as_json else as_line)(check, shown), sys.stdout)
    if not as_json:
        counts = ", ".join(f"{count[verdict]} {verdict}" for verdict in Verdict)
        write(counts, sys.stdout)
    return not count[Verdict.FAIL]


async def _findings_of(check: Check, context: Context) -> Result:
    if check.exclusive and context.in_use:
        return skip("in use by the running service", f"sudo systemctl stop {UNIT}")
    return await check.examine(context)


def _for_people(result: Result) -> Result:
    """Programs and the service were asked: what they say is on one line, keyless."""
    text, mend, *lines = (
        one_line(told, LONGEST_TEXT)
        for told in (result.text, result.mend, *result.lines)
    )
    return replace(result, text=text, mend=mend, lines=tuple(lines))


@dataclass(frozen=True, slots=True)
class _Failure:
    check: str
    mend: str
    #: The check that reported it first.
    cause: str


def _cause(check: Check, result: Result, failed: list[_Failure]) -> str | None:
    """The check that has reported the cause: one with the same fix, or in `after`."""
    same = [earlier for earlier in failed if earlier.mend == result.mend]
    before = [earlier for earlier in failed if earlier.check in check.after]
    return next((earlier.cause for earlier in (*same, *before)), None)


def as_line(check: Check, result: Result) -> str:
    """`FAIL  clock  1970-01-01 ... (7 blinks, pause); fix: sudo timedatectl ...`,
    and what stands below it."""
    shown = f" ({TABLE[result.signal].led})" if result.signal else ""
    mend = f"; fix: {result.mend}" if result.mend else ""
    head = f"{result.verdict:4}  {check.name:{_NAME_WIDTH}}"
    below = "".join(f"\n      {line}" for line in result.lines)
    return f"{head}  {result.text}{shown}{mend}{below}"


def as_object(check: Check, result: Result) -> str:
    """The same as one JSON object."""
    return json.dumps(
        {
            "section": check.section,
            "check": check.name,
            "verdict": result.verdict,
            "text": result.text,
            "mend": result.mend,
            "signal": result.signal.value if result.signal else None,
            "figures": result.figures,
            "lines": result.lines,
        }
    )
