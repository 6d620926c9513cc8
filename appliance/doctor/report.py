# SPDX-License-Identifier: MIT
"""Does the checks one after the other, and writes each as a line."""

import json
import sys
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass

from appliance.basics.streams import write
from appliance.core.signals import TABLE
from appliance.doctor.case import UNIT, Case
from appliance.doctor.checks import CHECKS, Check
from appliance.doctor.finding import Classification, Finding, consequence, skip

_NAME_WIDTH = max(len(check.name) for check in CHECKS)


async def examine(case: Case, sections: Container[str], *, as_json: bool) -> bool:
    """Whether all that was tested holds; prints a line a check.

    `sections`: those to be examined; empty: all. Raises as `write`.
    """
    count: Counter[Classification] = Counter()
    failed: list[_Failure] = []
    for check in CHECKS:
        if sections and check.section not in sections:
            continue
        finding = await _findings_of(check, case)
        if finding.verdict is Classification.FAIL:
            cause = _cause(check, finding, failed)
            failed.append(_Failure(check.name, finding.mend, cause or check.name))
            finding = consequence(finding, cause) if cause else finding
        count[finding.verdict] += 1
        write((as_object if as_json else as_line)(check, finding), sys.stdout)
    if not as_json:
        counts = ", ".join(f"{count[verdict]} {verdict}" for verdict in Classification)
        write(counts, sys.stdout)
    return not count[Classification.FAIL]


async def _findings_of(check: Check, case: Case) -> Finding:
    if check.exclusive and case.in_use:
        return skip("in use by the running service", f"sudo systemctl stop {UNIT}")
    return await check.examine(case)


@dataclass(frozen=True, slots=True)
class _Failure:
    check: str
    mend: str
    #: The check that told it first.
    cause: str


def _cause(check: Check, finding: Finding, failed: list[_Failure]) -> str | None:
    """The check that told it already: with the same mending, or one before `check`."""
    same = [earlier for earlier in failed if earlier.mend == finding.mend]
    before = [earlier for earlier in failed if earlier.check in check.after]
    return next((earlier.cause for earlier in (*same, *before)), None)


def as_line(check: Check, finding: Finding) -> str:
    """`FAIL  clock  1970-01-01 ... (7 blinks, pause); mend: sudo timedatectl ...`"""
    shown = f" ({TABLE[finding.signal].led})" if finding.signal else ""
    mend = f"; mend: {finding.mend}" if finding.mend else ""
    head = f"{finding.verdict:4}  {check.name:{_NAME_WIDTH}}"
    return f"{head}  {finding.text}{shown}{mend}"


def as_object(check: Check, finding: Finding) -> str:
    """The same as one JSON object."""
    return json.dumps(
        {
            "section": check.section,
            "check": check.name,
            "verdict": finding.verdict,
            "text": finding.text,
            "mend": finding.mend,
            "signal": finding.signal.value if finding.signal else None,
            "figures": finding.figures,
        }
    )
