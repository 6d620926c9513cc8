# SPDX-License-Identifier: MIT
"""What is noted while a cell of the matrix is played."""

from dataclasses import dataclass, field

from tests.faults.evidence import Findings
from tests.faults.promise import Phase, Promise
from tests.faults.row import Row
from tests.faults.stage import Held, Stage


@dataclass(slots=True)
class Trial:
    """What is noted while a cell runs; instants are monotonic seconds."""

    stage: Stage
    row: Row
    phase: Phase
    promised: Promise
    struck_at: float = 0.0
    mended_at: float | None = None
    rested_at: float = 0.0
    #: The byte of the speaker's tape from which on sounds may be the fault's.
    speaker_from: int = 0
    #: Counts at the fault: journal lines, connections asked for, presses.
    lines: int = 0
    asked: int = 0
    presses: int = 0
    asked_until_mended: int = 0
    presses_until_mended: int = 0
    asked_until_rest: int = 0
    hold: Held | None = None
    findings: Findings | None = None
    #: How much of the answer that is talked over had been sent by then, in bytes.
    talked_over_from: int = 0
    complaints: list[str] = field(default_factory=list)
